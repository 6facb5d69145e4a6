-- A wedding marketplace: schema and data, the same at every run. Run by its owner, in one session, in an empty database.
--
-- Sizes: 20 thousand vendors, 250 thousand couples, 1 million bookings, 1.2 million payments, 1 million entries of
-- timelines, 2 million guests. Skew: few vendors have most bookings (Zipf-Mandelbrot), most weddings are on a Saturday
-- between April and October, few bookings are open, and busy bookings have long guest lists.
--
-- Its mistakes are what pgtend is to find: nothing but primary keys on the large tables, an index that nobody uses, and
-- one that is there twice. Each "-- step:" line is shown to whoever watches.

-- step: random numbers that are the same every time
set client_min_messages = warning;
select setseed(0.20261123);

-- step: 20,000 vendors
create table vendors (
    id bigint not null,
    name text not null,
    category text not null,
    city text not null,
    rating numeric(2, 1) not null,
    price_from integer not null,
    active boolean not null
);
insert into vendors
select
    n,
    'Vendor ' || n,
    (array['venue', 'venue', 'catering', 'catering', 'photography', 'photography', 'photography', 'music', 'flowers',
           'cake', 'dress', 'hair', 'car', 'stationery', 'planner'])[1 + floor(15 * random())],
    'City ' || floor(exp(random() * ln(120))),
    (5 - 3 * random() ^ 2)::numeric(2, 1),
    100 + floor(exp(4 + 4 * random())),
    random() < 0.93
from generate_series(1, 20000) as n;
alter table vendors add primary key (id);

-- step: 250,000 couples
create table couples (
    id bigint not null,
    email text not null,
    city text not null,
    created_at timestamptz not null
);
insert into couples
select
    n,
    'couple' || n || '@mail.example',
    'City ' || floor(exp(random() * ln(120))),
    timestamptz '2021-06-01 00:00+00' + n * interval '11 minutes'
from generate_series(1, 250000) as n;
alter table couples add primary key (id);

-- step: 1,000,000 bookings
-- Month of the wedding by its share, a day in it, and then more often than not the Saturday of that week.
create table bookings (
    id bigint not null,
    couple_id bigint not null,
    vendor_id bigint not null,
    wedding_date date not null,
    status text not null,
    channel text not null,
    total numeric(10, 2) not null,
    created_at timestamptz not null
);
insert into bookings
select
    n,
    couple_id,
    vendor_id,
    wedding_date,
    case
        when chance < 0.08 then 'cancelled'
        when wedding_date < date '2026-11-23' then 'completed'
        when chance < 0.25 then 'pending'
        else 'confirmed'
    end,
    channel,
    total,
    least(wedding_date - lead_days, date '2026-11-22') + time '08:00' + seconds * interval '1 second'
from (
    select
        n,
        couple_id,
        vendor_id,
        case
            when saturday < 0.6 then day + (6 - extract(dow from day)::integer)
            else day
        end as wedding_date,
        chance,
        channel,
        total,
        lead_days,
        seconds
    from (
        select
            n,
            1 + floor(250000 * random())::bigint as couple_id,
            greatest(1, floor(exp(ln(50) + random() * (ln(20050) - ln(50))) - 50 + 1))::bigint as vendor_id,
            make_date(
                2022 + floor(7 * random() ^ 0.8)::integer,
                (array[1, 2, 3, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 10, 10, 10, 11, 12])
                    [1 + floor(33 * random())],
                1 + floor(27 * random())::integer
            ) as day,
            random() as saturday,
            random() as chance,
            (array['web', 'web', 'web', 'app', 'app', 'phone'])[1 + floor(6 * random())] as channel,
            (100 + exp(4 + 5 * random()))::numeric(10, 2) as total,
            30 + floor(500 * random())::integer as lead_days,
            floor(50000 * random()) as seconds
        from generate_series(1, 1000000) as n
    ) as drawn
) as dated;
alter table bookings add primary key (id);

-- step: 1,200,000 payments
create table payments (
    id bigint not null,
    booking_id bigint not null,
    amount numeric(10, 2) not null,
    method text not null,
    status text not null,
    created_at timestamptz not null
);
insert into payments
select
    n,
    1 + floor(1000000 * random())::bigint,
    (50 + exp(3 + 4 * random()))::numeric(10, 2),
    (array['card', 'card', 'card', 'transfer', 'wallet'])[1 + floor(5 * random())],
    (array['settled', 'settled', 'settled', 'settled', 'settled', 'settled', 'settled', 'settled', 'refunded', 'failed'])
        [1 + floor(10 * random())],
    timestamptz '2021-09-01 00:00+00' + n * interval '137 seconds'
from generate_series(1, 1200000) as n;
alter table payments add primary key (id);

-- step: 1,000,000 entries of timelines
create table timelines (
    id bigint not null,
    booking_id bigint not null,
    starts_at time not null,
    minutes integer not null,
    title text not null
);
insert into timelines
select
    n,
    1 + floor(1000000 * random() ^ 1.5)::bigint,
    time '08:00' + floor(60 * random()) * interval '15 minutes',
    (array[15, 30, 30, 45, 60, 90])[1 + floor(6 * random())],
    (array['Arrival', 'Ceremony', 'Photographs', 'Drinks', 'Dinner', 'Speeches', 'First dance', 'Cake', 'Departure'])
        [1 + floor(9 * random())]
from generate_series(1, 1000000) as n;
alter table timelines add primary key (id);

-- step: 2,000,000 guests
create table guests (
    id bigint not null,
    booking_id bigint not null,
    name text not null,
    rsvp text not null,
    seat integer
);
insert into guests
select
    n,
    1 + floor(1000000 * random() ^ 1.6)::bigint,
    'Guest ' || n,
    (array['invited', 'invited', 'yes', 'yes', 'yes', 'no'])[1 + floor(6 * random())],
    case when random() < 0.4 then floor(200 * random()) end
from generate_series(1, 2000000) as n;
alter table guests add primary key (id);

-- step: sequences for new rows
create sequence bookings_id_seq start 1000001 cache 10 owned by bookings.id;
create sequence payments_id_seq start 1200001 cache 10 owned by payments.id;
alter table bookings alter column id set default nextval('bookings_id_seq');
alter table payments alter column id set default nextval('payments_id_seq');

-- step: the mistakes: an index that nobody uses, and one that is there twice
create index bookings_channel_idx on bookings (channel);
create index payments_created_at_idx on payments (created_at);
create index payments_created_idx on payments (created_at);

-- step: what the planner wants to know
-- VACUUM, so that the first minutes of the load do not pay for hint bits and the visibility map.
vacuum (analyze, parallel 0) vendors, couples, bookings, payments, timelines, guests;
