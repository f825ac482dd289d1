{{- define "handover.labels" -}}
app.kubernetes.io/name: handover
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "handover.selector" -}}
app.kubernetes.io/name: handover
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: worker
{{- end }}

{{- define "handover.namespaces" -}}
{{- $names := list -}}
{{- range .Values.targets -}}{{- $names = append $names .namespace -}}{{- end -}}
{{- join "," $names -}}
{{- end }}
