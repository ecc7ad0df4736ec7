"""The offline validator: what an endpoint must do for Entra, as pure checks, and the runner that walks them."""
