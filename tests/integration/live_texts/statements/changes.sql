insert into payments (id, booking_id, amount, currency, created_at) values (1000001, 1, 12.5, 'EUR', now());

insert into payments (id, booking_id, amount, currency, created_at) values (1000001, 1, 12.5, 'EUR', now()), (1000002, 2, 13.5, 'USD', timestamptz '2026-01-01') returning id;

insert into users (id, email, public_id, tags, settings) values (1000001, 'x@example.com', '0d5ee8a5-b3e4-4d9c-8d07-1a4d2a1c7c11', array['a', 'b'], '{"a": 1}') on conflict (id) do update set email = excluded.email, balance = users.balance + 5 where users.is_active;

insert into users (id, email, public_id) values (1, 'x', gen_random_uuid()) on conflict do nothing;

insert into jobs (id, queue, state, priority, run_at, payload) select 1000000 + id, 'mail', 'queued', 5, now() + interval '5 minutes', jsonb_build_object('user', id, 'kind', 'welcome') from users where created_at > now() - interval '1 day' and country = 'DE';

insert into messages (id, booking_id, sender_id, body, sent_at, kind) select 2000000, b.id, 5, 'hello', now(), 1 from bookings b where b.id = 3 and not exists (select 1 from messages m where m.booking_id = b.id and m.kind = 1);

insert into counters default values on conflict do nothing returning n + 5;

update users set updated_at = now(), balance = balance - 5, tags = array_append(tags, 'vip') where id = 5;

update users set settings = jsonb_set(settings, '{theme}', '"dark"'), email = lower('X@example.com') where email = 'x@example.com' and deleted_at is null;

update bookings set status = 'cancelled', updated_at = current_timestamp from payments p where p.booking_id = bookings.id and p.paid = false and p.created_at < now() - interval '14 days';

update bookings set (status, total) = ('confirmed', 100), guests = default where id = 5 returning id, total * 1.19 as gross;

update bookings b set total = s.sum from (select booking_id, sum(amount) as sum from payments where currency = 'EUR' group by booking_id) s where s.booking_id = b.id and b.id in (1, 2, 3);

update jobs set locked_at = now(), attempts = attempts + 1 where id = (select id from jobs where queue = 'mail' and state = 'queued' and run_at <= now() order by priority desc, run_at limit 1 for update skip locked) returning *;

delete from messages where sent_at < now() - interval '90 days';

delete from messages using bookings b where b.id = messages.booking_id and b.status = 'cancelled' and messages.kind = 3;

delete from payments where id in (select id from payments where created_at < '2020-01-01' limit 1000);

delete from jobs where ctid = any (array(select ctid from jobs where state = 'done' limit 100));

with gone as (delete from jobs where state = 'done' and run_at < now() - interval '7 days' returning id) select count(*) from gone;

with moved as (update jobs set state = 'running' where state = 'queued' and queue = 'x' returning id, payload) insert into messages (id, booking_id, sender_id, body, sent_at, kind) select 3000000 + id, 1, 1, 'moved', now(), 1 from moved;

with wanted as (select id from jobs where queue = 'mail' and state = 'queued' order by run_at limit 5 for update skip locked) update jobs set state = 'running' from wanted where jobs.id = wanted.id;

merge into payments p using (select id, total from bookings where status = 'confirmed') b on p.booking_id = b.id and p.currency = 'EUR' when matched and p.amount < 5 then update set amount = b.total * 1.1 when not matched then insert (id, booking_id, amount, currency, created_at) values (5000000 + b.id, b.id, b.total, 'EUR', now());

merge into users u using (values (1, 'a@example.com'), (2, 'b@example.com')) as given (id, email) on u.id = given.id when matched then update set email = given.email when not matched then do nothing;

select id from jobs where queue = 'mail' and state = 'queued' order by priority desc limit 10 for update skip locked;

select * from bookings where id = 5 for no key update nowait;

select b.id from bookings b join payments p on p.booking_id = b.id where p.id = 5 for update of b;

select id from users where id = 5 for share;

select id from users where id = 6 for key share of users skip locked;
