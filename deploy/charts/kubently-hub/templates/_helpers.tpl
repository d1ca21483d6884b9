{{- define "hub.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- define "hub.common" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: kubently
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
{{- define "gateway.selector" -}}
app.kubernetes.io/name: kubently-gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "gateway.labels" -}}
app.kubernetes.io/name: kubently-gateway
{{ include "hub.common" . }}
{{- end -}}
{{- define "nats.selector" -}}
app.kubernetes.io/name: kubently-nats
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "nats.labels" -}}
app.kubernetes.io/name: kubently-nats
{{ include "hub.common" . }}
{{- end -}}
{{- define "gateway.config" -}}
{{- $config := deepCopy .Values.gateway.config -}}
{{- if .Values.nats.enabled -}}
{{- /* Each server by its own name: whoever loses one turns to another at once. */ -}}
{{- $name := include "hub.name" . -}}
{{- $servers := list -}}
{{- range $n := until (int .Values.nats.replicas) -}}
{{- $servers = append $servers (printf "tls://%s-nats-%d.%s-nats-peers.%s.svc:4222" $name $n $name $.Release.Namespace) -}}
{{- end -}}
{{- $_ := set $config "nats_url" (join "," $servers) -}}
{{- $_ := set $config "nats_ca_file" "/etc/kubently/tls/ca.crt" -}}
{{- $_ := set $config "nats_replicas" (int .Values.nats.replicas) -}}
{{- else -}}
{{- $_ := set $config "nats_url" .Values.nats.url -}}
{{- $_ := set $config "nats_replicas" (int .Values.nats.replicas) -}}
{{- end -}}
{{- $_ := set $config "nats_nkey_file" "/etc/kubently/nats/hub.nk" -}}
{{ toYaml $config }}
{{- end -}}
{{- /* The configuration that ships in deploy/nats, with this release's addresses. */ -}}
{{- define "nats.config" -}}
{{- $name := include "hub.name" . -}}
{{- $file := ternary "files/three.conf" "files/single.conf" (eq (int .Values.nats.replicas) 3) -}}
{{- $conf := .Files.Get $file | replace "\"data\"" "\"/data\"" | replace "127.0.0.1:8222" "0.0.0.0:8222" -}}
{{- range $n := until 3 -}}
{{- $conf = $conf | replace (printf "tls://hub-%d:6222" $n) (printf "tls://%s-nats-%d.%s-nats-peers.%s.svc:6222" $name $n $name $.Release.Namespace) -}}
{{- end -}}
{{ $conf | replace "server_name: hub-0" "server_name: $HUB_NAME" | replace "\"accounts.conf\"" "\"accounts/accounts.conf\"" | replace "tls/server.crt" "tls/tls.crt" | replace "tls/server.key" "tls/tls.key" }}
{{- end -}}
