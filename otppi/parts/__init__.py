"""What stands around the messages: mail, bell, DNS records, the device itself; each part beside the others, none knows another."""
