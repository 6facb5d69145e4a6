-- A parcel business as a snowflake of fifteen tables: three large tables of facts, dimensions in up to three steps, skewed keys,
-- dates that rows come in order of, columns that are mostly NULL. Primary keys only; the same at every run.
select setseed(0.5);
create table regions (region_id integer not null, name text not null);
insert into regions select n, 'Region ' || n from generate_series(1, 8) n;
create table countries (country_id integer not null, region_id integer not null, name text not null, vat numeric(4, 2) not null);
insert into countries select n, 1 + n % 8, 'Country ' || n, 5 + n % 20 from generate_series(1, 60) n;
create table cities (city_id integer not null, country_id integer not null, name text not null, inhabitants integer not null);
insert into cities
select n, 1 + floor(60 * random() ^ 2)::integer, 'City ' || n, floor(exp(8 + 7 * random()))::integer from generate_series(1, 4000) n;
create table warehouses (warehouse_id integer not null, city_id integer not null, opened_on date not null, square_metres integer not null);
insert into warehouses
select n, 1 + floor(4000 * random())::integer, date '2010-01-01' + floor(5000 * random())::integer, 500 + floor(20000 * random() ^ 3)::integer
from generate_series(1, 400) n;
create table departments (department_id integer not null, name text not null);
insert into departments select n, 'Department ' || n from generate_series(1, 12) n;
create table categories (category_id integer not null, department_id integer not null, name text not null);
insert into categories select n, 1 + n % 12, 'Category ' || n from generate_series(1, 150) n;
create table brands (brand_id integer not null, name text not null, country_id integer not null, premium boolean not null);
insert into brands select n, 'Brand ' || n, 1 + floor(60 * random() ^ 2)::integer, random() < 0.1 from generate_series(1, 900) n;
create table products (
    product_id integer not null, category_id integer not null, brand_id integer not null, name text not null,
    list_price numeric(10, 2) not null, weight_grams integer not null, introduced_on date not null, withdrawn_on date
);
insert into products
select
    n, 1 + floor(150 * random() ^ 2)::integer, 1 + floor(900 * random() ^ 3)::integer, 'Product ' || n,
    (exp(1 + 6 * random()))::numeric(10, 2), floor(exp(3 + 6 * random()))::integer, date '2015-01-01' + n / 20,
    case when random() < 0.15 then date '2022-01-01' + floor(1500 * random())::integer end
from generate_series(1, 60000) n;
create table promotions (promotion_id integer not null, name text not null, starts_on date not null, ends_on date not null, percent integer not null);
insert into promotions
select n, 'Promotion ' || n, date '2022-01-01' + n, date '2022-01-01' + n + 14, 5 * (1 + floor(10 * random() ^ 2)::integer)
from generate_series(1, 1500) n;
create table carriers (carrier_id integer not null, name text not null, express boolean not null);
insert into carriers select n, 'Carrier ' || n, n % 5 = 0 from generate_series(1, 40) n;
create table calendar (day date not null, week integer not null, month integer not null, quarter integer not null, year integer not null, holiday boolean not null);
insert into calendar
select d, extract(week from d), extract(month from d), extract(quarter from d), extract(year from d), random() < 0.03
from generate_series(date '2022-01-01', date '2026-12-31', interval '1 day') d;
create table customers (
    customer_id integer not null, city_id integer not null, segment text not null, email text not null, joined_on date not null,
    credit numeric(10, 2), newsletter boolean not null
);
insert into customers
select
    n, 1 + floor(4000 * random() ^ 3)::integer, (array['private', 'private', 'private', 'private', 'small', 'small', 'large'])[1 + floor(7 * random())],
    'customer' || n || '@mail.example', date '2015-01-01' + n / 75, case when random() < 0.2 then (5000 * random())::numeric(10, 2) end, random() < 0.4
from generate_series(1, 300000) n;
create table shipments (
    shipment_id integer not null, customer_id integer not null, product_id integer not null, warehouse_id integer not null,
    carrier_id integer not null, promotion_id integer, ordered_on date not null, delivered_on date, status text not null,
    quantity integer not null, price numeric(10, 2) not null, freight numeric(8, 2) not null, tracking text not null
);
insert into shipments
select
    n, greatest(1, floor(300000 * random() ^ 2.5))::integer, greatest(1, floor(60000 * random() ^ 3))::integer,
    greatest(1, floor(400 * random() ^ 2))::integer, greatest(1, floor(40 * random() ^ 2))::integer,
    case when random() < 0.12 then 1 + floor(1500 * random())::integer end, date '2022-01-01' + n / 1100,
    case when n < 1970000 and random() < 0.97 then date '2022-01-01' + n / 1100 + 1 + floor(12 * random() ^ 2)::integer end,
    (array['delivered', 'delivered', 'delivered', 'delivered', 'delivered', 'delivered', 'delivered', 'delivered', 'delivered', 'returned', 'lost', 'open'])
        [1 + floor(12 * random() ^ 0.9)],
    1 + floor(9 * random() ^ 4)::integer, (exp(1 + 6 * random()))::numeric(10, 2), (3 + 20 * random())::numeric(8, 2), md5(n::text)
from generate_series(1, 2000000) n;
create table returns (return_id integer not null, shipment_id integer not null, returned_on date not null, reason text not null, refund numeric(10, 2));
insert into returns
select
    n, 1 + floor(2000000 * random())::integer, date '2022-01-15' + n / 130, (array['size', 'size', 'size', 'broken', 'late', 'wrong', 'other'])[1 + floor(7 * random())],
    case when random() < 0.9 then (exp(1 + 6 * random()))::numeric(10, 2) end
from generate_series(1, 220000) n;
create table stock_movements (movement_id integer not null, warehouse_id integer not null, product_id integer not null, moved_at timestamptz not null, kind text not null, quantity integer not null);
insert into stock_movements
select
    n, greatest(1, floor(400 * random() ^ 2))::integer, greatest(1, floor(60000 * random() ^ 3))::integer,
    timestamptz '2022-01-01 00:00+00' + n * interval '105 seconds', (array['in', 'in', 'out', 'out', 'out', 'count', 'loss'])[1 + floor(7 * random())],
    1 + floor(200 * random() ^ 2)::integer
from generate_series(1, 1500000) n;
alter table regions add primary key (region_id);
alter table countries add primary key (country_id);
alter table cities add primary key (city_id);
alter table warehouses add primary key (warehouse_id);
alter table departments add primary key (department_id);
alter table categories add primary key (category_id);
alter table brands add primary key (brand_id);
alter table products add primary key (product_id);
alter table promotions add primary key (promotion_id);
alter table carriers add primary key (carrier_id);
alter table calendar add primary key (day);
alter table customers add primary key (customer_id);
alter table shipments add primary key (shipment_id);
alter table returns add primary key (return_id);
alter table stock_movements add primary key (movement_id);
