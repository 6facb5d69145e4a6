"""What may be evaluated while a statement is merely planned: an allow-list, since the planner folds constant calls.

``where id = table_to_xml('secret', …)::text::int`` reads a table under plain EXPLAIN. So only functions are let through that
compute from their arguments alone (and the clock, the time zone and text search dictionaries). Functions that the planner
never folds (aggregates, window functions, volatile ones such as random) are there when they are harmless when run. What is
missing here keeps a statement from being planned, and no more.
"""

from __future__ import annotations

_AGGREGATES = """
    any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp every json_agg
    json_agg_strict json_object_agg json_object_agg_strict jsonb_agg jsonb_agg_strict jsonb_object_agg
    jsonb_object_agg_strict max min mode percentile_cont percentile_disc range_agg range_intersect_agg regr_avgx
    regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp
    string_agg sum var_pop var_samp variance
"""
_WINDOW = """
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
_NUMBERS = """
    abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh cot cotd
    degrees div erf erfc exp factorial floor gcd lcm ln log log10 min_scale mod pi pow power radians random round scale
    sign sin sind sinh sqrt tan tand tanh trim_scale trunc width_bucket to_bin to_hex to_oct
"""
_TEXT = """
    ascii bit_length btrim casefold char_length character_length chr concat concat_ws decode encode format initcap
    is_normalized left length like_escape lower lpad ltrim md5 normalize octet_length parse_ident quote_ident
    quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
    regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim sha224 sha256
    sha384 sha512 split_part starts_with string_to_array string_to_table strpos substr substring to_ascii translate
    unistr upper bit_count crc32 crc32c get_bit get_byte set_bit set_byte
"""
_TIME = """
    age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days justify_hours
    justify_interval make_date make_interval make_time make_timestamp make_timestamptz now overlaps
    statement_timestamp timezone to_char to_date to_number to_timestamp transaction_timestamp
"""
_JSON = """
    array_to_json json_array_elements json_array_elements_text json_array_length json_build_array json_build_object
    json_each json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_strip_nulls
    json_typeof jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
    jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
    jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query
    jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz
    jsonb_path_query_tz jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_typeof row_to_json to_json to_jsonb
"""
_ARRAYS_AND_RANGES = """
    array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions
    array_prepend array_remove array_replace array_reverse array_sort array_to_string array_upper cardinality
    generate_series generate_subscripts int4multirange int4range int8multirange int8range isempty lower_inc lower_inf
    multirange nummultirange numrange datemultirange daterange range_merge trim_array tsmultirange tsrange
    tstzmultirange tstzrange unnest upper_inc upper_inf num_nonnulls num_nulls
"""
_TEXT_SEARCH = """
    array_to_tsvector json_to_tsvector jsonb_to_tsvector numnode phraseto_tsquery plainto_tsquery querytree setweight
    strip to_tsquery to_tsvector ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsquery_phrase tsvector_to_array
    websearch_to_tsquery
"""
_OTHERS = """
    abbrev area box broadcast center circle diagonal diameter family gen_random_uuid height host hostmask
    inet_merge inet_same_family isclosed isopen line lseg masklen netmask network npoints path pclose
    point polygon popen radius set_masklen slope uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 width
    hashtext hashtextextended hashint4 hashint8
"""
FUNCTIONS = frozenset(
    " ".join((_AGGREGATES, _WINDOW, _NUMBERS, _TEXT, _TIME, _JSON, _ARRAYS_AND_RANGES, _TEXT_SEARCH, _OTHERS)).split()
)
"""Functions of pg_catalog that may be called."""

_SPECIAL_SYNTAX_WORDS = """
    cast coalesce collation extract greatest grouping least normalize nullif overlay position trim
"""
SPECIAL_SYNTAX = frozenset(_SPECIAL_SYNTAX_WORDS.split())
"""Calls that the grammar itself makes, always to pg_catalog."""

_RESERVED_WORDS = """
    all and any array as asymmetric between both case current_time current_timestamp distinct else except exists fetch for from
    group having in intersect interval lateral leading limit localtime localtimestamp not offset on only or order
    row select some symmetric then trailing union using values variadic when where with
"""
RESERVED = frozenset(_RESERVED_WORDS.split())
"""Keywords that a bracket may follow and that cannot be the name of a function."""

BEFORE_CONSTANT = ("like", "ilike", "to", "escape", "zone", "first", "next", "asc", "desc", "placing")
"""Further keywords that a string constant may follow, so that it is not of a type of that name."""

_EXTENSION_FUNCTIONS = """
    similarity word_similarity strict_word_similarity show_trgm unaccent
    uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5 uuid_nil
    digest hmac crypt gen_salt gen_random_bytes
    hstore akeys avals skeys svals hstore_to_array hstore_to_json hstore_to_jsonb slice exist defined
    subltree subpath nlevel lca text2ltree ltree2text
    cube cube_distance cube_ll_coord cube_ur_coord cube_enlarge earth ll_to_earth earth_distance earth_box latitude
    cube_dim cube_is_point
    longitude sec_to_gc gc_to_sec
    levenshtein levenshtein_less_equal soundex difference metaphone dmetaphone dmetaphone_alt daitch_mokotoff
    icount sort sort_asc sort_desc uniq idx subarray
    l2_distance cosine_distance inner_product l1_distance vector_dims vector_norm
    st_area st_asbinary st_asewkt st_asgeojson st_astext st_buffer st_centroid st_contains st_coveredby st_covers
    st_crosses st_disjoint st_distance st_distancesphere st_dwithin st_envelope st_equals st_geogfromtext st_geomfromtext
    st_intersection st_intersects st_isvalid st_length st_makeenvelope st_makepoint st_overlaps st_point st_pointfromtext
    st_setsrid st_simplify st_srid st_touches st_transform st_union st_within st_x st_y
"""
EXTENSION_FUNCTIONS = frozenset(_EXTENSION_FUNCTIONS.split())
"""Functions of pg_trgm, unaccent, uuid-ossp, pgcrypto, hstore, ltree, cube, earthdistance, fuzzystrmatch, intarray, vector and
PostGIS that may be called where the catalog says that an extension owns them. Others read tables, files or the network
(dblink, tablefunc's crosstab, xml2, adminpack …)."""

_TYPES_WORDS = """
    bigint bit bool boolean box bpchar bytea char character cidr circle date datemultirange daterange dec
    decimal double float float4 float8 inet int int2 int4 int4multirange int4range int8 int8multirange int8range
    integer interval json jsonb jsonpath line lseg macaddr macaddr8 money name national nchar numeric
    nummultirange numrange oid path pg_lsn point polygon real regconfig smallint text tid time timestamp timestamptz
    timetz tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector uuid varbit varchar xid xid8
"""
TYPES = frozenset(_TYPES_WORDS.split())
"""Types that anything may be cast to: their casts and input functions compute from the value alone."""

_OPERATORS_WORDS = """
    !! !~ !~* !~~ !~~* # ## #- #> #>> % & && &< &<| &> * *< *<= *<> *= *> *>= + - -> ->> -|- / < <-> << <<= <<|
    <= <> != = > >= >> >>= >^ ? ?# ?& ?- ?-| ?| ?|| @ @-@ @> @? @@ @@@ ^ ^@ | |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~=
    ~>=~ ~>~ ~~ ~~* <@ <^ => %> <% %>> <<% <#> <=> <+>
"""
OPERATORS = frozenset(_OPERATORS_WORDS.split())
"""Operators of pg_catalog, of pg_trgm (%>, <%, …) and of vector (<#>, <=>, <+>)."""
