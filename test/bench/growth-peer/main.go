// The peer of the growth bench: a controller on controller-runtime that keeps one condition on every AoeVolume, as the operator does
// for volumes whose server cannot be reached. It reads volume and server from its cache and writes a status only where it differs.
//
// Arguments: none. KUBECONFIG names the API server. It runs until it is ended.
package main

import (
	"context"
	"log"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// workers is the operator's own number of reconciles at once.
const workers = 16

var version = schema.GroupVersion{Group: "xensan.dev", Version: "v1alpha1"}

type reference struct {
	Name string `json:"name"`
}

// volume has the fields of an AoeVolume that the peer reads, as generated types would hold them.
type volume struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              struct {
		ServerRef  reference   `json:"serverRef"`
		Shelf      int32       `json:"shelf"`
		Slot       int32       `json:"slot"`
		ClientRefs []reference `json:"clientRefs,omitempty"`
		Backing    struct {
			Device string `json:"device,omitempty"`
		} `json:"backing"`
	} `json:"spec"`
	Status struct {
		Conditions []metav1.Condition `json:"conditions,omitempty"`
	} `json:"status,omitempty"`
}

func (v *volume) DeepCopyObject() runtime.Object {
	out := *v
	v.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.ClientRefs = append([]reference(nil), v.Spec.ClientRefs...)
	out.Status.Conditions = append([]metav1.Condition(nil), v.Status.Conditions...)
	return &out
}

type volumeList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []volume `json:"items"`
}

func (l *volumeList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = make([]volume, 0, len(l.Items))
	for i := range l.Items {
		out.Items = append(out.Items, *l.Items[i].DeepCopyObject().(*volume))
	}
	return &out
}

func shapeless(kind, namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(version.WithKind(kind))
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

type peer struct{ client.Client }

func (p peer) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var seen volume
	if err := p.Get(ctx, request.NamespacedName, &seen); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	host := shapeless("AoeServer", seen.Namespace, seen.Spec.ServerRef.Name)
	reason := "ServerUnreachable"
	if err := p.Get(ctx, client.ObjectKeyFromObject(host), host); err != nil {
		reason = "ServerNotFound"
	}
	for _, condition := range seen.Status.Conditions {
		if condition.Type == "PeerReady" && condition.Reason == reason && condition.ObservedGeneration == seen.Generation {
			return ctrl.Result{}, nil
		}
	}
	draft := shapeless("AoeVolume", seen.Namespace, seen.Name)
	draft.Object["status"] = map[string]any{"conditions": []any{map[string]any{
		"type": "PeerReady", "status": "False", "reason": reason, "message": "AoeServer " + seen.Spec.ServerRef.Name + " cannot be reached",
		"observedGeneration": seen.Generation, "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
	}}}
	applied := client.ApplyConfigurationFromUnstructured(draft)
	return ctrl.Result{}, p.Status().Apply(ctx, applied, client.FieldOwner("peer"), client.ForceOwnership)
}

func run() error {
	ctrl.SetLogger(zap.New())
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	config.QPS = -1
	scheme := runtime.NewScheme()
	scheme.AddKnownTypeWithName(version.WithKind("AoeVolume"), &volume{})
	scheme.AddKnownTypeWithName(version.WithKind("AoeVolumeList"), &volumeList{})
	metav1.AddToGroupVersion(scheme, version)
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
		Client:  client.Options{Cache: &client.CacheOptions{Unstructured: true}},
	})
	if err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(manager).Named("aoevolume").For(&volume{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).Complete(peer{manager.GetClient()})
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
