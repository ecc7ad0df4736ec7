module example.com/leaver

go 1.19
