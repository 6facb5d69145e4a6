-- Columns that are hard on a size model, in tables of 400,000 rows; the same at every run.
set client_min_messages = warning;
select setseed(0.5);

create table sparse as
select
    n as id,
    case when random() < 0.03 then n end as rarely,
    case when random() < 0.5 then floor(200 * random())::int end as half,
    case when random() < 0.9 then floor(30000 * random())::int end as mostly,
    null::text as never,
    case when random() < 0.1 then 'note ' || md5(n::text) end as note,
    case when random() < 0.002 then now() - n * interval '1 minute' end as deleted_at,
    case when random() < 0.97 then random() < 0.2 end as flag
from generate_series(1, 400000) as n;

create table skewed as
select
    n as id,
    floor(exp(random() * ln(200000)))::int as zipf,
    floor(400000 * random() ^ 3)::int as cubed,
    (array['active', 'active', 'active', 'active', 'active', 'active', 'trial', 'trial', 'closed', 'suspended'])
        [1 + floor(10 * random())] as status,
    (n / 7)::int as by_sevens,
    floor(400000 * random())::int as random_of_all,
    floor(20 * random())::smallint as small,
    random() < 0.01 as rare,
    timestamptz '2026-01-01 00:00+00' + n * interval '9 seconds' as at,
    date '2026-01-01' + (n * 9 / 86400)::int as day
from generate_series(1, 400000) as n;

create table wide as
select
    n as id,
    md5(n::text) as hash,
    md5(n::text)::uuid as code,
    repeat(md5(floor(50000 * random())::text), 5) as long,
    left(md5(n::text) || md5((n + 1)::text), 1 + floor(60 * random())::int) as varying,
    ('user' || n || '@' || (array['mail', 'post', 'example'])[1 + n % 3] || '.example')::varchar(80) as email,
    (1000000 * random() ^ 4)::numeric(12, 2) as amount,
    (1000 * random())::numeric as exact,
    random() as float,
    floor(1000 * random())::bigint as thousand,
    ('R' || lpad(floor(40000 * random())::text, 6, '0'))::char(8) as label,
    '10.0.0.0'::inet + floor(5000 * random())::int as address,
    chr(65 + floor(26 * random())::int)::"char" as letter
from generate_series(1, 400000) as n;

-- Half-empty pages, which BRIN sees, and a column in the order of the rows.
create table roomy with (fillfactor = 50) as
select n as id, floor(5000 * random())::int as value, date '2020-01-01' + n / 200 as day from generate_series(1, 400000) as n;

create table documents as
select
    n as id,
    array(select floor(1000 * random() ^ 2)::int from generate_series(1, 1 + n % 8)) as tags,
    array(select 'label ' || floor(300 * random())::int from generate_series(1, 1 + n % 4)) as labels,
    jsonb_build_object('kind', 'k' || n % 7, 'owner', n % 3000, 'size', n % 100, 'name', 'doc ' || n) as details,
    (select string_agg((array['wedding', 'flowers', 'venue', 'music', 'cake', 'garden', 'church', 'photo', 'dress', 'ring',
        'dance', 'dinner', 'summer', 'light', 'river', 'table', 'guest', 'candle', 'letter', 'morning'])
        [1 + floor(20 * random() ^ 2)] || floor(40 * random() ^ 2)::int, ' ') from generate_series(1, 5 + n % 20)) as body
from generate_series(1, 400000) as n;

vacuum (analyze) sparse, skewed, wide, roomy, documents;
