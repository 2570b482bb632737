# what is installed besides the programs
