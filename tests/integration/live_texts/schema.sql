-- A marketplace with a column of every kind that live statements compare with constants.
CREATE TYPE booking_status AS ENUM ('pending', 'confirmed', 'cancelled');

CREATE TABLE users (
    id bigint PRIMARY KEY, email text NOT NULL, name varchar(100), country char(2), password_hash text, is_active boolean NOT NULL DEFAULT true,
    born date, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamp, deleted_at timestamptz, settings jsonb NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}', roles int[] NOT NULL DEFAULT '{}', public_id uuid NOT NULL, ip inet, balance numeric(12, 2) NOT NULL DEFAULT 0
);
CREATE TABLE vendors (
    id bigint PRIMARY KEY, owner_id bigint, name text NOT NULL, category text NOT NULL, rating real, score double precision,
    description text, search tsvector, place point, open_hours int4range, flags bit(8), mask varbit, version integer NOT NULL DEFAULT 0
);
CREATE TABLE bookings (
    id bigint PRIMARY KEY, vendor_id bigint NOT NULL, user_id bigint NOT NULL REFERENCES users, status text NOT NULL,
    state booking_status NOT NULL DEFAULT 'pending', wedding_date date NOT NULL, starts time, during tstzrange, guests smallint NOT NULL,
    total numeric(12, 2) NOT NULL, discount double precision, notes text, created_at timestamptz NOT NULL, updated_at timestamp, duration interval,
    external_id uuid, data json
);
CREATE TABLE payments (
    id bigint PRIMARY KEY, booking_id bigint NOT NULL, amount numeric(12, 2) NOT NULL, currency char(3) NOT NULL,
    paid boolean NOT NULL DEFAULT false, method text, created_at timestamptz NOT NULL, raw bytea, fee money
);
CREATE TABLE messages (
    id bigint PRIMARY KEY, booking_id bigint NOT NULL, sender_id bigint NOT NULL, parent_id bigint, body text NOT NULL, sent_at timestamp NOT NULL,
    read_at timestamp, kind integer NOT NULL, meta jsonb
);
CREATE TABLE jobs (
    id bigint PRIMARY KEY, queue text NOT NULL, state text NOT NULL, priority integer NOT NULL, run_at timestamptz NOT NULL, locked_at timestamptz,
    attempts integer NOT NULL DEFAULT 0, payload jsonb NOT NULL
);
CREATE TABLE "Order" (
    id text PRIMARY KEY, "userId" bigint NOT NULL, "createdAt" timestamp(3) NOT NULL, "totalCents" integer NOT NULL, status text NOT NULL
);
CREATE TABLE events (id bigint NOT NULL, at timestamptz NOT NULL, kind text NOT NULL, value double precision) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- Orders and their lines, as decision-support benchmarks have them.
CREATE TABLE nation (n_nationkey integer PRIMARY KEY, n_name char(25) NOT NULL);
CREATE TABLE part (
    p_partkey integer PRIMARY KEY, p_brand char(10) NOT NULL, p_type varchar(25) NOT NULL, p_size integer NOT NULL, p_container char(10) NOT NULL
);
CREATE TABLE supplier (s_suppkey integer PRIMARY KEY, s_name char(25) NOT NULL, s_nationkey integer NOT NULL, s_comment varchar(101) NOT NULL);
CREATE TABLE partsupp (
    ps_partkey integer, ps_suppkey integer, ps_availqty integer NOT NULL, ps_supplycost numeric(15, 2) NOT NULL, PRIMARY KEY (ps_partkey, ps_suppkey)
);
CREATE TABLE customer (
    c_custkey integer PRIMARY KEY, c_phone char(15) NOT NULL, c_acctbal numeric(15, 2) NOT NULL, c_mktsegment char(10) NOT NULL
);
CREATE TABLE orders (
    o_orderkey integer PRIMARY KEY, o_custkey integer NOT NULL, o_orderdate date NOT NULL, o_orderpriority char(15) NOT NULL,
    o_comment varchar(79) NOT NULL
);
CREATE TABLE lineitem (
    l_orderkey integer, l_linenumber integer, l_partkey integer NOT NULL, l_suppkey integer NOT NULL, l_quantity numeric(15, 2) NOT NULL,
    l_extendedprice numeric(15, 2) NOT NULL, l_discount numeric(15, 2) NOT NULL, l_tax numeric(15, 2) NOT NULL, l_returnflag char(1) NOT NULL,
    l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL, l_commitdate date NOT NULL, l_receiptdate date NOT NULL, l_shipmode char(10) NOT NULL,
    PRIMARY KEY (l_orderkey, l_linenumber)
);
CREATE TABLE counters (id bigserial PRIMARY KEY, n integer NOT NULL DEFAULT 0);
