with new_user as (insert into users (id, email, public_id) values (1000009, 'n@example.com', gen_random_uuid()) returning id) select v.id from vendors v, new_user n where v.owner_id = n.id and v.rating > 4;

explain select id from bookings where vendor_id = 5 and wedding_date > date '2026-01-01';

explain (costs off, format json) select extract(year from wedding_date), count(*) from bookings group by 1;

select normalize(name, nfc), name is nfc normalized, collation for (name) from users where id = 1;

select id, ctid, tableoid::regclass from users where ctid = '(0,1)';
