module pqpush

go 1.19
