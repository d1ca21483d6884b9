module kubently.dev/tests/parts/monitors

go 1.26.4

require github.com/prometheus-operator/prometheus-operator v0.85.0
