"""The foreign keys of the benchmark's schemas, which declare none, for whoever makes up queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Key:
    """``child_columns`` of one table refer to ``parent_columns`` of another."""

    child: str
    child_columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


def _key(text: str) -> Key:
    """From "child(a, b) > parent(c, d)"."""
    child, parent = (side.strip().rstrip(")").split("(") for side in text.split(">"))
    return Key(
        child=child[0],
        child_columns=tuple(child[1].split(", ")),
        parent=parent[0],
        parent_columns=tuple(parent[1].split(", ")),
    )


KEYS: Mapping[str, tuple[Key, ...]] = {
    "tpch": tuple(
        map(
            _key,
            (
                "nation(n_regionkey) > region(r_regionkey)",
                "supplier(s_nationkey) > nation(n_nationkey)",
                "customer(c_nationkey) > nation(n_nationkey)",
                "partsupp(ps_partkey) > part(p_partkey)",
                "partsupp(ps_suppkey) > supplier(s_suppkey)",
                "orders(o_custkey) > customer(c_custkey)",
                "lineitem(l_orderkey) > orders(o_orderkey)",
                "lineitem(l_partkey) > part(p_partkey)",
                "lineitem(l_suppkey) > supplier(s_suppkey)",
                "lineitem(l_partkey, l_suppkey) > partsupp(ps_partkey, ps_suppkey)",
            ),
        )
    ),
    "marketplace": tuple(
        map(
            _key,
            (
                "bookings(couple_id) > couples(id)",
                "bookings(vendor_id) > vendors(id)",
                "payments(booking_id) > bookings(id)",
                "timelines(booking_id) > bookings(id)",
                "guests(booking_id) > bookings(id)",
            ),
        )
    ),
    "snowflake": tuple(
        map(
            _key,
            (
                "countries(region_id) > regions(region_id)",
                "cities(country_id) > countries(country_id)",
                "warehouses(city_id) > cities(city_id)",
                "categories(department_id) > departments(department_id)",
                "brands(country_id) > countries(country_id)",
                "products(category_id) > categories(category_id)",
                "products(brand_id) > brands(brand_id)",
                "customers(city_id) > cities(city_id)",
                "shipments(customer_id) > customers(customer_id)",
                "shipments(product_id) > products(product_id)",
                "shipments(warehouse_id) > warehouses(warehouse_id)",
                "shipments(carrier_id) > carriers(carrier_id)",
                "shipments(promotion_id) > promotions(promotion_id)",
                "shipments(ordered_on) > calendar(day)",
                "returns(shipment_id) > shipments(shipment_id)",
                "stock_movements(warehouse_id) > warehouses(warehouse_id)",
                "stock_movements(product_id) > products(product_id)",
            ),
        )
    ),
}
