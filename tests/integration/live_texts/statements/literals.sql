select id from users where created_at > timestamptz '2026-01-01 00:00:00+00';

select id from users where created_at > timestamp with time zone '2026-01-01' and updated_at < timestamp '2026-02-01';

select id from users where updated_at >= timestamp without time zone '2026-01-01' and updated_at < timestamp(3) '2026-02-01';

select id from bookings where wedding_date between date '2026-05-01' and date '2026-05-31';

select id from bookings where starts > time '12:00' and starts < time without time zone '18:00:00';

select id from bookings where starts > time(0) '12:00' at time zone 'UTC'::text;

select id from bookings where created_at > now() - interval '1 day';

select id from bookings where created_at > now() - interval '5' day;

select id from bookings where created_at > now() - interval '1-6' year to month;

select id from bookings where created_at > now() - interval '90' second(2);

select id from bookings where created_at > now() - interval(0) '90 seconds';

select id from bookings where created_at > now() - interval '1 02:00' day to minute and duration < interval '3' hour;

select id from bookings where created_at > now() - 3 * interval '1 day';

select id from bookings where created_at > now() - interval '1 day' * 30;

select id from bookings where created_at > current_timestamp - '7 days'::interval;

select id from bookings where created_at > current_timestamp - cast('7 days' as interval);

select id from bookings where wedding_date > current_date - 30;

select id from bookings where wedding_date between current_date and current_date + 14;

select id from bookings where wedding_date < current_date + interval '1 month';

select id from bookings where wedding_date = '2026-05-01'::date + 7;

select id from bookings where wedding_date >= date '2026-05-01' + interval '3' month - interval '1' day;

select id from bookings where total > numeric '100.50' and discount < float8 '0.5';

select id from bookings where discount < double precision '0.5' or total > decimal '10' or guests > smallint '5';

select id from payments where amount > real '1.5' and amount < 1e6 and amount <> .5;

select id from users where id = bigint '5' or id = int8 '6' or balance = int '7' or balance = integer '8';

select id from users where is_active = bool 't' or is_active = boolean 'false';

select id from users where email = text 'a@example.com' or name = varchar 'Ann' or country = char 'DE';

select id from users where name = character varying 'Ann' or country = character(2) 'DE' or country = bpchar 'FR';

select id from users where public_id = uuid '0d5ee8a5-b3e4-4d9c-8d07-1a4d2a1c7c11';

select id from users where public_id = '0d5ee8a5-b3e4-4d9c-8d07-1a4d2a1c7c11'::uuid;

select id from users where ip = inet '10.0.0.1' or ip << cidr '10.0.0.0/8' or ip <<= '192.168.0.0/16'::inet;

select id from users where settings @> jsonb '{"theme": "dark"}';

select id from users where settings @> '{"theme": "dark"}'::jsonb and settings ? 'beta';

select id from vendors where flags = B'10101010' or flags = X'AA' or mask = B'101';

select id from vendors where flags = bit(8) '10101010' or mask = bit varying '101' or mask = varbit '11';

select id from vendors where place <@ box '((0,0),(1,1))' and place <-> point '(0,0)' < 5;

select id from vendors where place <@ circle '<(0,0),2>' or place ~= '(1,2)'::point;

select id from vendors where open_hours @> 5 or open_hours && int4range '[1,5)' or open_hours = '[2,4)'::int4range;

select id from bookings where during && tstzrange '[2026-01-01,2026-02-01)' or during @> timestamptz '2026-01-15';

select id from bookings where during && tstzrange('2026-01-01', '2026-02-01', '[)');

select id from payments where raw = bytea '\xDEADBEEF' or raw = '\x00'::bytea or fee > money '12.50';

select id from users where email = E'a\'b\\c@example.com' or email = 'it''s';

select id from users where email = U&'d\0061t\+000061' or email = U&'d!0061ta' UESCAPE '!';

select id from users where email = $$o'brien@example.com$$ or email = $tag$a$b$tag$;

select id from users where email = 'foo'
    'bar@example.com';

select id from users where name = N'Ann';

select id from bookings where state = 'confirmed' and status in ('confirmed', 'pending');

select id from bookings where state = booking_status 'confirmed';

select id from bookings where state = 'confirmed'::booking_status or state = any ('{pending,cancelled}'::booking_status[]);

select id from users where tags @> array['vip'] and roles && array[1, 2, 3];

select id from users where tags && '{vip,new}'::text[] or roles = '{}'::int[];

select id from users where 'vip' = any (tags) or 3 = any (roles);

select id from users where roles[1] = 5 and roles[2:3] = array[1, 2] and tags[1] like 'v%';

select id from users where id = any (array[1, 2, 3]::bigint[]);

select id from users where id = any ('{1,2,3}');

select id from users where id in (1, 2, 3, 4, 5) and country not in ('DE', 'FR');

select id from users where (id, country) in ((1, 'DE'), (2, 'FR'));

select id from users where (id, country) = (1, 'DE') or row(id, name) < row(5, 'x');

select id from users where balance = -5 or balance between -10 and -1 or balance > - 3.5;

select id from users where balance > +5 and id % 10 = 3 and id & 4 = 4;

select id, -balance as owed, - 1 as minus_one, 1 + 1 as two from users where id = 5;

select id from vendors where search @@ to_tsquery('english', 'flowers & cake');

select id from vendors where search @@ plainto_tsquery('flowers') or search @@ tsquery 'cake';

select id from vendors where to_tsvector('english', description) @@ websearch_to_tsquery('english', '"red roses"');

select id from users where created_at at time zone 'Europe/Berlin' > '2026-01-01';

select id from users where (updated_at at time zone 'UTC')::date = date '2026-01-05';

select id from users where timezone('UTC', updated_at) > timestamptz '2026-01-01';

select id from messages where body like 'Hello%' or body like '%world%' or body not like '_x%';

select id from messages where body ilike '%flowers%' or body ~ '^a.*z$' or body ~* 'cake' or body similar to '(a|b)%';

select id from messages where body like 'a!%%' escape '!';

select id from messages where body like any (array['a%', 'b%']) or body <> all (array['x', 'y']);

select id from bookings where data->>'theme' = 'rustic' and (data->'guests'->>'count')::int > 50;

select id from users where settings->'a'->'b'->>'c' = 'x' and settings #>> '{a,b}' = 'y' and settings->0 is null;

select id from users where settings @? '$.tags[*] ? (@ == "vip")' or settings @@ '$.age > 5';

select id from users where jsonb_path_exists(settings, '$.tags[*] ? (@ == "vip")') or settings['theme'] = '"dark"';

select id from users where (settings->>'age')::int between 20 and 30;

select id from users where deleted_at is null and is_active and not (country = 'DE') and email is not null;

select id from users where is_active is true and (updated_at is null) is not false and country is distinct from 'DE';

select id from users where is_active = true and is_active <> false and is_active is not unknown;

select id from messages where kind = 1000;

select id from bookings where created_at > to_timestamp(1767225600) and created_at < to_timestamp('2026-02-01', 'YYYY-MM-DD');

select id from bookings where wedding_date > make_date(2026, 5, 1) and wedding_date < to_date('2026-06-01', 'YYYY-MM-DD');

select id from bookings where created_at >= '2026-01-01' and created_at < '2026-01-01'::timestamptz + '1 month'::interval;

select id from bookings where duration > '2 hours' and duration between interval '1 hour' and interval '1 day';

select id from bookings where created_at > now() - (7 || ' days')::interval;

select id from bookings where created_at > now() - make_interval(days => 7);

select id from bookings where age(created_at) > interval '1 year' or age(timestamp '2026-01-01', updated_at) > '1 day';

select id from bookings where (created_at, created_at + interval '1 hour') overlaps (timestamptz '2026-01-01', interval '1 day');

select id from payments where amount * 1.19 > 100 and amount / 2 < 1000 and round(amount, 1) = 5.5 and amount ^ 2 > 4;
