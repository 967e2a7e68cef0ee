"""The core of Plugdesk: tickets, users, forms and hooks. Features are plugins; they import `plugdesk.api`."""
