"""What a stage costs a month: its templates, times list prices, plus the usage that it assumes."""
