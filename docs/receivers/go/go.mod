module echo-receiver

go 1.19
