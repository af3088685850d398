// OpenPGP
