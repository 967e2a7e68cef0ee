"""SLA: which times are promised for a ticket, the clocks that run by them, and who is told before and after one is missed."""
