"""L3 constructs that do not depend on this product, so that others can use them, too."""
