"""The words of pgtend: frozen values on the standard library alone, with no behaviour that needs the outside world."""
