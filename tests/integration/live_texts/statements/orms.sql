SELECT "users"."id", "users"."email", "users"."created_at" FROM "users" WHERE "users"."email" = 'a@example.com' LIMIT 21;

SELECT COUNT(*) AS "__count" FROM "bookings" INNER JOIN "users" ON ("bookings"."user_id" = "users"."id") WHERE ("bookings"."created_at" >= '2026-01-01T00:00:00+00:00'::timestamptz AND UPPER("users"."email"::text) LIKE UPPER('%@EXAMPLE.COM') AND NOT ("bookings"."status" IN ('cancelled', 'pending')));

SELECT (1) AS "a" FROM "bookings" WHERE "bookings"."vendor_id" = 5 LIMIT 1;

SELECT DATE_TRUNC('month', "bookings"."created_at" AT TIME ZONE 'Europe/Berlin') AS "month", COUNT("bookings"."id") AS "n", SUM(CASE WHEN "bookings"."status" = 'confirmed' THEN 1 ELSE 0 END) AS "ok" FROM "bookings" GROUP BY DATE_TRUNC('month', "bookings"."created_at" AT TIME ZONE 'Europe/Berlin') ORDER BY 1 ASC;

SELECT EXTRACT('year' FROM "bookings"."wedding_date" AT TIME ZONE 'UTC') AS "year", COALESCE(SUM("bookings"."total"), '0') AS "sum" FROM "bookings" WHERE "bookings"."wedding_date" BETWEEN '2026-01-01'::date AND '2026-12-31'::date GROUP BY EXTRACT('year' FROM "bookings"."wedding_date" AT TIME ZONE 'UTC');

SELECT "bookings"."id", COALESCE("bookings"."discount", 0.0) AS "d", ("bookings"."total" * 2) AS "double", CONCAT(("bookings"."notes")::text, (COALESCE(' x', ''))::text) AS "c", EXISTS(SELECT 1 AS "a" FROM "payments" U0 WHERE U0."booking_id" = ("bookings"."id") LIMIT 1) AS "paid" FROM "bookings" WHERE ("bookings"."data" -> 'theme') IS NOT NULL ORDER BY "bookings"."id" DESC LIMIT 100 OFFSET 200;

UPDATE "users" SET "balance" = ("users"."balance" + 5), "updated_at" = '2026-01-01T00:00:00'::timestamp WHERE "users"."id" IN (1, 2, 3);

INSERT INTO "messages" ("id", "booking_id", "sender_id", "body", "sent_at", "kind") VALUES (4000000, 1, 2, 'x', '2026-01-01T00:00:00'::timestamp, 1) RETURNING "messages"."id";

SELECT CASE WHEN ("bookings"."total" > 100) THEN 'big' WHEN ("bookings"."total" > 10) THEN 'small' ELSE NULL END AS "size", COUNT(*) AS "n" FROM "bookings" GROUP BY CASE WHEN ("bookings"."total" > 100) THEN 'big' WHEN ("bookings"."total" > 10) THEN 'small' ELSE NULL END ORDER BY "n" DESC;

SELECT 1 AS one FROM "users" WHERE "users"."email" = 'a@example.com' AND ("users"."id" != 5) LIMIT 1 /*application:Shop,controller:users*/;

SELECT "bookings".* FROM "bookings" WHERE "bookings"."notes" IS NULL ORDER BY "bookings"."id" ASC LIMIT 1;

SELECT "bookings".* FROM "bookings" WHERE "bookings"."user_id" = 5 AND "bookings"."created_at" BETWEEN '2026-01-01 00:00:00' AND '2026-02-01 00:00:00' ORDER BY "bookings"."created_at" DESC LIMIT 25 OFFSET 50;

SELECT COUNT(*) FROM (SELECT 1 AS one FROM "bookings" WHERE "bookings"."status" = 'confirmed' LIMIT 1000 OFFSET 0) subquery_for_count;

SELECT "users"."id" AS t0_r0, "users"."email" AS t0_r1, "bookings"."id" AS t1_r0 FROM "users" LEFT OUTER JOIN "bookings" ON "bookings"."user_id" = "users"."id" WHERE "users"."id" IN (1, 2, 3) AND "bookings"."status" = 'pending';

SELECT DISTINCT "users"."id", "users"."created_at" AS alias_0 FROM "users" LEFT OUTER JOIN "bookings" ON "bookings"."user_id" = "users"."id" WHERE "bookings"."vendor_id" = 3 ORDER BY "users"."created_at" DESC, "users"."id" ASC LIMIT 10;

UPDATE "vendors" SET "version" = COALESCE("version", 0) + 1, "rating" = 4.5 WHERE "vendors"."id" = 5 AND "vendors"."version" = 3;

DELETE FROM "payments" WHERE "payments"."id" IN (SELECT "payments"."id" FROM "payments" WHERE (created_at < now() - interval '1 year') ORDER BY "payments"."id" ASC LIMIT 500);

select b1_0.id,b1_0.status,u1_0.id,u1_0.email from bookings b1_0 left join users u1_0 on u1_0.id=b1_0.user_id where b1_0.vendor_id=5 and b1_0.created_at>='2026-01-01 00:00:00+00' order by b1_0.created_at desc offset 0 rows fetch first 20 rows only;

select count(distinct booking0_.id) as col_0_0_ from bookings booking0_ cross join users user1_ where booking0_.user_id=user1_.id and (lower(user1_.email) like '%x%' escape '!') and booking0_.total>100.0;

select b1_0.id from bookings b1_0 where (b1_0.vendor_id,b1_0.user_id) in ((1,2),(3,4)) and b1_0.notes like (('%'||'x')||'%') escape '' for no key update;

select b.id, case when b.total>100 then 1 else 0 end as clazz_ from bookings b where b.id=5;

update vendors set name='x',rating=4.0,version=5 where id=3 and version=4;

SELECT "public"."Order"."id", "public"."Order"."userId", "public"."Order"."createdAt" FROM "public"."Order" WHERE ("public"."Order"."userId" = 5 AND "public"."Order"."createdAt" >= '2026-01-01 00:00:00 UTC') ORDER BY "public"."Order"."createdAt" DESC LIMIT 10 OFFSET 0;

SELECT "public"."Order"."id" FROM "public"."Order" WHERE ("public"."Order"."id" = 'a' AND 1=1) LIMIT 1 OFFSET 0;

SELECT COUNT(*) FROM (SELECT "public"."Order"."id" FROM "public"."Order" WHERE "public"."Order"."status" IN ('new','paid') OFFSET 0) AS "sub";

SELECT "t0"."id", COALESCE("aggr_selection_0_Order"."_aggr_count_orders", 0) AS "n" FROM "public"."users" AS "t0" LEFT JOIN (SELECT "public"."Order"."userId", COUNT(*) AS "_aggr_count_orders" FROM "public"."Order" WHERE 1=1 GROUP BY "public"."Order"."userId") AS "aggr_selection_0_Order" ON ("t0"."id" = "aggr_selection_0_Order"."userId") WHERE 1=1 ORDER BY "t0"."id" ASC LIMIT 5;

SELECT "t1"."id", "t1_posts"."__prisma_data__" AS "posts" FROM "public"."users" AS "t1" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT "t3"."__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t2"."id", 'status', "t2"."status") AS "__prisma_data__" FROM (SELECT "t2".* FROM "public"."Order" AS "t2" WHERE "t1"."id" = "t2"."userId") AS "t2") AS "t3") AS "t4") AS "t1_posts" ON TRUE WHERE "t1"."id" = 5 LIMIT 1;

INSERT INTO "public"."Order" ("id","userId","createdAt","totalCents","status") VALUES ('z',5,'2026-01-01 00:00:00 UTC',100,'new') RETURNING "public"."Order"."id";

SELECT anon_1.users_id FROM (SELECT users.id AS users_id FROM users WHERE users.created_at > '2026-01-01'::timestamp ORDER BY users.id LIMIT 10) AS anon_1 LEFT OUTER JOIN bookings AS bookings_1 ON anon_1.users_id = bookings_1.user_id ORDER BY anon_1.users_id;

SELECT bookings.id, bookings.total + 5 AS anon_1, CAST(bookings.total AS NUMERIC(10, 2)) AS t, CAST('5' AS INTEGER) AS c, EXTRACT(month FROM bookings.wedding_date) AS m FROM bookings WHERE bookings.vendor_id = 5::INTEGER AND bookings.status = 'x'::VARCHAR AND bookings.guests IN (1, 2) AND bookings.created_at > now() - make_interval(secs=>3600);

SELECT count(*) AS count_1 FROM (SELECT bookings.id AS bookings_id FROM bookings WHERE (bookings.status ILIKE '%' || 'x' || '%') AND bookings.total >= 5 AND bookings.discount IS NOT NULL) AS anon_1;

INSERT INTO jobs (id, queue, state, priority, run_at, payload) SELECT p0::BIGINT, p1::TEXT, 'x', 5, now(), '{}'::JSONB FROM (VALUES (9000001, 'a', 0), (9000002, 'b', 1)) AS imp_sen(p0, p1, sen_counter) ORDER BY sen_counter RETURNING jobs.id;

SELECT b0."id", b0."total" FROM "bookings" AS b0 INNER JOIN "users" AS u1 ON u1."id" = b0."user_id" WHERE (b0."created_at" > '2026-01-01'::timestamp::timestamptz + (-3::numeric * interval '1 day')) AND (u1."country" = ANY('{DE,FR}')) ORDER BY b0."id" LIMIT 10;

SELECT TRUE FROM "users" AS u0 WHERE (u0."id" = 5) LIMIT 1;

select * from "users" where "email" = 'a' and "users"."deleted_at" is null and exists (select * from "bookings" where "users"."id" = "bookings"."user_id" and "status" = 'x') order by "id" desc limit 15 offset 0;

select count(*) as aggregate from "bookings" where ("status" = 'x' or "vendor_id" in (1, 2, 3)) and "created_at"::date >= '2026-01-01' and extract(month from "wedding_date") = '05';

SELECT b."Id", b."total" FROM (SELECT id AS "Id", total FROM bookings) AS b WHERE b."total" > 100.0 AND (b."Id" = 5 OR b."Id" = 6) ORDER BY b."Id" LIMIT 10 OFFSET 5;

SELECT date_part('month', b.wedding_date)::int AS "Month", COUNT(*)::int AS "Count" FROM bookings AS b WHERE date_part('year', b.wedding_date)::int = 2026 AND b.created_at > now() + INTERVAL '-1 00:00:00' GROUP BY date_part('month', b.wedding_date)::int;

SELECT id FROM "messages" WHERE "meta"->>'topic' = 'food' AND ("meta"->'n')::numeric > 5 AND "body" LIKE '%' || 'x' || '%' AND "sent_at" > NOW() - INTERVAL '1 HOUR' * 6;

select "d0"."id", ("d0"."total")::float, jsonb_build_array("d0"."id", "d0"."status", 'x') as "data", row_number() over (order by "d0"."id") from "bookings" "d0" where "d0"."status" = 'a' order by "d0"."id" limit 5;
