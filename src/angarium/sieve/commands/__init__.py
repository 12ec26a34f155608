"""Tests and commands of the language, one module an extension; `table` lists them."""
