import type { Kind, KubeObject } from "../../src/runtime/kube-api.ts";

/** A kind made for the contract: every feature of a CustomResourceDefinition that xensan's own kinds use. */
export interface Widget extends KubeObject {
  spec?: {
    colour?: string;
    size?: number;
    holes?: number[];
    parts?: { name: string; count?: number }[];
    made?: { by?: string; at?: string };
  };
  status?: {
    observedGeneration?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    server?: { pid?: number; unit?: string };
    clients?: { name: string; state?: string }[];
  };
}

export const widgets: Kind<Widget> = {
  group: "contract.xensan.dev",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
};

const text = { type: "string", maxLength: 64 };
const condition = {
  type: "object",
  required: ["type", "status"],
  properties: {
    type: text,
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    reason: text,
    message: text,
  },
};

export const widgetDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.contract.xensan.dev" },
  spec: {
    group: "contract.xensan.dev",
    scope: "Namespaced",
    names: { kind: "Widget", plural: "widgets", singular: "widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: {
                  colour: { type: "string", enum: ["Red", "Green", "Blue"], default: "Red" },
                  size: { type: "integer", minimum: 0, maximum: 10 },
                  holes: { type: "array", maxItems: 4, items: { type: "integer" } },
                  parts: {
                    type: "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    items: {
                      type: "object",
                      required: ["name"],
                      properties: { name: text, count: { type: "integer" } },
                    },
                  },
                  made: { type: "object", properties: { by: text, at: text } },
                },
              },
              status: {
                type: "object",
                default: {
                  conditions: [
                    { type: "Ready", status: "Unknown", reason: "Pending", message: "Waiting for controller" },
                  ],
                },
                properties: {
                  observedGeneration: { type: "integer" },
                  conditions: {
                    type: "array",
                    maxItems: 8,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["type"],
                    items: condition,
                  },
                  server: { type: "object", properties: { pid: { type: "integer" }, unit: text } },
                  clients: { type: "array", items: { type: "object", properties: { name: text, state: text } } },
                },
              },
            },
          },
        },
      },
    ],
  },
};
