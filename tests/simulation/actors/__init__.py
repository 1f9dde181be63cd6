"""Who acts on the shop: shoppers, staff, warehouses, administrators, schedules. Each is a process that decides by chance."""
