{{- define "worker.name" -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- define "worker.selector" -}}
app.kubernetes.io/name: kubently-worker
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "worker.labels" -}}
{{ include "worker.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: kubently
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
{{- define "worker.secret" -}}
{{- .Values.nats.existingSecret | default (printf "%s-nats" (include "worker.name" .)) -}}
{{- end -}}
{{- /* The two cluster roles are named by the release, so that two releases do not share rights. */ -}}
{{- define "worker.config" -}}
{{- $policy := deepCopy .Values.policy -}}
{{- if and (eq .Values.rbac.mode "namespaced") (not (hasKey $policy "namespaces")) -}}
{{- $_ := set $policy "namespaces" .Values.rbac.namespaces -}}
{{- end -}}
{{- $config := deepCopy .Values.config -}}
{{- $_ := set $config "cluster_id" .Values.cluster -}}
{{- $_ := set $config "nats_url" .Values.nats.url -}}
{{- $_ := set $config "nats_nkey_file" "/etc/kubently/nats/worker.nk" -}}
{{- if .Values.nats.ca -}}
{{- $_ := set $config "nats_ca_file" "/etc/kubently/nats/ca.crt" -}}
{{- end -}}
{{- $_ := set $config "grace_seconds" (int .Values.graceSeconds) -}}
{{- if $policy -}}{{- $_ := set $config "policy" $policy -}}{{- end -}}
{{ toYaml $config }}
{{- end -}}
