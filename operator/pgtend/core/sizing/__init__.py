"""How large an index will be: from statistics to distinct keys, from types to bytes of an entry, from entries to pages."""
