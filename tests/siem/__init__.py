"""What a SOC gets in `conf/`, made by one command and run on the engines it is for."""
