declare live cursor for select id from bookings where vendor_id = 5 and created_at > timestamptz '2026-01-01' order by created_at; fetch 10 from live; close live;

declare live scroll cursor with hold for select id from users where country = 'DE'; fetch forward 5 from live; close live;

declare "my live" no scroll cursor without hold for select id from payments where amount > 10 and created_at > now() - interval '1 day'; fetch all from "my live"; close "my live";

prepare live as select id from bookings where vendor_id = $1 and created_at > now() - interval '3 days'; execute live(5); deallocate live;

prepare live (bigint, text) as select id from bookings where vendor_id = $1 and status = $2 limit 5; execute live(5, 'pending'); deallocate live;

create temp table scratch on commit drop as select id, total from bookings where created_at > now() - interval '2 days' and status = 'confirmed';

copy (select id, email from users where created_at > timestamptz '2026-01-01' and country = 'DE') to '/dev/null';
