select extract(year from created_at), count(*) from bookings where extract(month from wedding_date) = 5 group by extract(year from created_at) order by 1;

select extract(epoch from (now() - created_at)) / 3600 as hours from bookings where extract('dow' from wedding_date) in (0, 6);

select round(extract(epoch from duration) / 60, 2) from bookings where id = 3;

select date_part('year', created_at) as year, sum(total) from bookings group by date_part('year', created_at) having sum(total) > 1000 order by date_part('year', created_at) desc;

select date_trunc('month', created_at) as month, count(*) from bookings where created_at > now() - interval '1 year' group by date_trunc('month', created_at) order by date_trunc('month', created_at);

select date_trunc('day', created_at at time zone 'UTC') as day, status, sum(total) from bookings group by 1, 2 order by 1 desc, 2 limit 30;

select date_bin('15 minutes', created_at, timestamptz '2026-01-01') as slot, count(*) from bookings group by slot order by slot;

select to_char(created_at, 'YYYY-MM') as month, count(*) from bookings group by to_char(created_at, 'YYYY-MM') having count(*) > 5 order by to_char(created_at, 'YYYY-MM');

select coalesce(method, 'none'), sum(amount) from payments group by coalesce(method, 'none') order by coalesce(method, 'none');

select case when total > 1000 then 'big' when total > 100 then 'middle' else 'small' end as size, count(*) from bookings group by case when total > 1000 then 'big' when total > 100 then 'middle' else 'small' end;

select distinct on (date_trunc('day', created_at)) id, date_trunc('day', created_at) from bookings order by date_trunc('day', created_at), total desc;

select distinct coalesce(method, 'none') from payments order by coalesce(method, 'none');

select substring(email from 1 for 3), count(*) from users group by substring(email from 1 for 3);

select data->>'theme', count(*) from bookings group by data->>'theme' order by count(*) desc limit 10;

select (settings->>'age')::int / 10 * 10 as decade, count(*) from users group by (settings->>'age')::int / 10 * 10;

select width_bucket(total, 0, 10000, 10) as bucket, count(*), min(total), max(total) from bookings group by width_bucket(total, 0, 10000, 10) order by 1;

select id / 1000 as part, count(*) from users group by id / 1000 having id / 1000 > 5;

select 'users' as kind, count(*) from users union all select 'vendors', count(*) from vendors;

select 1 as one, 'x' as letter, null as nothing, true as yes from users where id = 7;

select 'total' as label, 0 as place, sum(amount) from payments group by 1, 2;

select position('@' in email), strpos(email, '@') from users where position('@' in email) > 5;

select substring(email from 2), substring(email for 3), substring(email, 2, 5), substring(email from '@.*$') from users where substring(email from 1 for 5) = 'admin';

select substring(name similar 'a#"b#"c' escape '#') from users where id = 1;

select overlay(name placing 'xx' from 2 for 3), overlay(name placing 'y' from 1) from users where overlay(name placing 'A' from 1) = 'Ann';

select trim(both ' ' from name), trim(leading 'x' from name), trim(trailing from name), trim(name), trim(from name) from users where trim(both '"' from email) = 'a';

select cast(id as text), cast('5' as int), id::varchar(10), '5'::numeric(10, 2), total::numeric(10,1) from bookings where cast(created_at as date) = '2026-01-01';

select id from users order by created_at desc limit 10;

select id from users order by created_at desc limit 10 offset 20;

select id from users order by created_at desc offset 20 rows fetch next 10 rows only;

select id from users order by created_at fetch first row only;

select id from users order by created_at fetch first 5 rows with ties;

select id from users order by created_at limit all offset 0;

select id from users order by 1 limit 5 + 5;

select * from users where id = 3 limit 1;

select country, count(*) from users group by 1 order by 2 desc, 1;

select category, avg(rating) from vendors group by category having avg(rating) > 4.5 and count(*) >= 3;

select grouping(category, owner_id), category, owner_id, count(*) from vendors group by grouping sets ((category), (owner_id), ()) having count(*) > 1;

select category, owner_id, sum(score) from vendors group by rollup (category, owner_id) order by 1 nulls last;

select status, vendor_id, count(*) from bookings where total > 5 group by cube (status, vendor_id);

select id, sum(amount) over (partition by booking_id order by created_at rows between 5 preceding and current row) from payments where booking_id = 5;

select id, avg(amount) over (order by created_at range between interval '7 days' preceding and interval '1 day' following) from payments;

select id, lag(amount, 1, 0) over w, ntile(4) over w, first_value(amount) over w from payments window w as (partition by booking_id order by id groups 2 preceding);

select id, row_number() over (partition by vendor_id order by total desc) as place from bookings where status = 'confirmed';

select * from (select id, rank() over (partition by vendor_id order by total desc) as place from bookings) ranked where place <= 3;

select id from bookings tablesample bernoulli (10) repeatable (42) where total > 5;

select count(*) from bookings tablesample system (1.5);

select sum(case when status = 'confirmed' then 1 else 0 end), count(case when total > 100 then 1 end), avg(case when paid then 100.0 else 0 end) from bookings join payments on payments.booking_id = bookings.id;

select sum(case when status = 'confirmed' then total else 0 end) / nullif(count(*), 0), max(case when status = 'x' then 1 else 0 end) from bookings;

select 100.0 * sum(case when paid then 1 else 0 end) / count(*) as percent from payments where created_at > now() - interval '30 days';

select sum(1), sum(2.5), avg(3), count(1), min(5), max('x'), count(distinct 1) from users;

select count(*) filter (where status = 'confirmed'), sum(total) filter (where total > 10) from bookings;

select case status when 'pending' then 1 when 'confirmed' then 2 else 3 end as place, id from bookings order by case status when 'pending' then 1 when 'confirmed' then 2 else 3 end, id;

select string_agg(name, ', ' order by name), array_agg(id order by id), array_agg(5), json_agg(name), percentile_cont(0.5) within group (order by score) from vendors where category = 'cake';

select json_build_object('id', id, 'kind', 'user', 'n', 5), jsonb_build_array(1, 'x', id), concat('a', id, 'b'), concat_ws('-', id, 'x', 5), format('%s-%s', id, 'x') from users where id = 9;

select greatest(total, 10), least(5, guests), nullif(status, ''), coalesce(notes, ''), coalesce(total, 0), greatest(1, 2) from bookings where coalesce(discount, 0) > 0;

select power(2, 10), sqrt(16), abs(-5), mod(id, 7), ceil(1.5), round(2.567, 2), log(2, 8), random() < 0.5 from users where mod(id, 10) = 3;

select md5('x'), length('abc'), upper('x'), lpad(id::text, 10, '0'), left(name, 3), repeat('x', 3), split_part(email, '@', 2), replace(name, 'a', 'b'), encode('\x01', 'hex') from users where lower(email) = lower('A@example.com');

select now() - 1 * interval '1 hour', current_date + 1, current_date - date '2026-01-01', date '2026-01-01' - 1, localtimestamp(0), current_timestamp(3) from users where id = 1;

select - 5 + id, id - -5, 2 * - 3, not true, ~ 5, @ -3, |/ 25 from users where id = 1;

select array[1, 2, 3] || 4, array['a'] || array['b'], array_append(roles, 5), cardinality(array[1]), array_length(roles, 1), (array[1, 2, 3])[2], roles[1:2] from users where id = 1;

select row(1, 'x'), (1, 2) = (id, 3), row(id, 5) is null from users where id = 1;

select generate_series(1, 10), unnest(array[1, 2]) from users where id = 1;

select * from generate_series(1, 12) as month left join bookings on extract(month from wedding_date) = month where total > 5 or total is null;

select day, count(b.id) from generate_series(date '2026-01-01', date '2026-01-31', interval '1 day') as day left join bookings b on b.created_at::date = day group by day order by day;

select * from unnest(array[1, 2, 3]) with ordinality as wanted (id, place) join users using (id) order by place;

select u.id from (values (1, 'a'), (2, 'b')) as wanted (id, name) join users u on u.id = wanted.id;

select u.id from users u join (values (1), (2), (3)) as wanted (id) on u.id = wanted.id where wanted.id > 0;

values (1, (select count(*) from users where country = 'DE')), (2, 3);

table users;

select exists (select 1 from users where email = 'a@example.com');

select exists (select 1 as one from users where email = 'a' limit 1), 5 in (select guests from bookings), id = all (select 5) from users;

select id from users u where exists (select 1 from bookings b where b.user_id = u.id and b.total > 100) and not exists (select null from payments where amount < 0);

select id from users where id in (select user_id from bookings where vendor_id = 5 union select owner_id from vendors where rating > 4 except select 7);

select (select count(*) from bookings b where b.user_id = u.id and status = 'confirmed') as n, (select max(total) from bookings) from users u where u.country = 'DE' order by n desc limit 5;

with recent as (select id, user_id from bookings where created_at > now() - interval '1 day') select u.email from recent r join users u on u.id = r.user_id where u.is_active;

with recursive thread as (select id, parent_id, 1 as depth from messages where id = 5 union all select m.id, m.parent_id, t.depth + 1 from messages m join thread t on m.parent_id = t.id where t.depth < 10) select * from thread order by depth;

with recursive days as (select date '2026-01-01' as day union all select day + 1 from days where day < date '2026-02-01') select day, count(b.id) from days left join bookings b on b.wedding_date = day group by day;

with recursive n as (select 1 as i union all select i + 1 from n where i < 10) select i, u.id from n join users u on u.id = n.i;

with a as materialized (select 5 as limit_id), b as not materialized (select id from users where id < 100) select b.id from a, b where b.id > a.limit_id;

select u.id, latest.total from users u cross join lateral (select total from bookings b where b.user_id = u.id order by created_at desc limit 3) latest where u.country = 'DE';

select a.id, b.id from users a left join users b on b.country = a.country and b.id <> a.id and b.balance > 10 full join vendors v on v.owner_id = a.id and v.rating > 3.5 where a.id = 5;

select * from bookings natural join (select 5 as id) wanted;

select id, created_at + interval '1 day' * guests, created_at + guests * interval '1 minute', wedding_date + guests, wedding_date - 7 from bookings where created_at + interval '2 days' < now();

select id from bookings where wedding_date - current_date < 30 and now() - created_at > interval '1 hour' and extract(day from now() - created_at) > 3;

select id from events where at >= '2026-03-01' and at < '2026-04-01' and kind = 'click';

select date_trunc('hour', at), kind, avg(value), count(*) filter (where value > 0.5) from events where at > timestamptz '2026-03-01' group by 1, 2 having count(*) > 10 order by 3 desc limit 100;

select sum(total * (1 - coalesce(discount, 0)))::numeric(12, 2) as net, count(*) * 100 / nullif((select count(*) from bookings), 0) from bookings where status = 'confirmed';

select id from users where name collate "C" > 'a' order by name collate "C" limit 5;

select id from bookings where created_at > 'now'::timestamptz - interval '1 day' and wedding_date > 'today' and wedding_date < 'infinity';

select count(*) from users where created_at >= date_trunc('month', now()) - interval '1 month' and created_at < date_trunc('month', now());

select bool_or(total > 5), every(guests > 1), bit_and(guests), regexp_replace(max(notes), 'a+', 'b', 'g'), (regexp_match(min(notes), '(a)'))[1] from bookings;

select id from messages where (sent_at, id) < ('2026-01-01', 500) order by sent_at desc, id desc limit 50;

select id, total, case when total > 5 then total - 5 else -total end, case when guests = 1 then interval '1 day' else duration end from bookings where id = 1;

select id from users where case when country = 'DE' then 1 else 0 end = 1 and nullif(country, 'FR') = 'IT';

select sum(5 * guests), sum(guests + 1), avg(guests * 1.0), sum(- 1), sum(coalesce(guests, 0)), sum(abs(-2)), sum(length('x')), sum(1 + 1) from bookings;

select id, 5 * 2, 10 / 3.0, 7 % 2, 2 ^ 3, 'a' || 'b', 'a' < 'b', 1 = 1, 'x' is null from users where 1 = 1 and 'a' = 'a' and id > 2 + 3;

select round(100 * count(*) filter (where paid)::numeric / nullif(count(*), 0), 2), round(avg(amount), 2), trunc(sum(amount) / 1000, 1) from payments;
