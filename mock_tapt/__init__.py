"""Mock Tapt: a SaaS product's SCIM API and dashboard. It never imports the simulator."""
