"""The kinds of pgtend.dev as pydantic models: the single source of the CRDs, and what objects are read with."""
