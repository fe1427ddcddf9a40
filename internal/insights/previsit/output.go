// SPDX-License-Identifier: Apache-2.0

package previsit

import (
	"context"
	"log/slog"
	"time"

	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/insights"
)

// output is the folder of a job, which nothing else writes to.
type output struct {
	objects blob.Store
	folder  blob.URI
}

func newOutput(objects blob.Store, spec Spec, id string) (*output, error) {
	u, err := blob.ParseURI(spec.Output)
	if err != nil {
		return nil, err
	}
	o := &output{objects, u.Join(id, spec.Patient).Folder()}
	return o, o.folder.Check()
}

// check fails if the folder's bucket is not there.
func (o *output) check(ctx context.Context) error {
	there, err := o.objects.Exists(ctx, o.folder.Bucket)
	switch {
	case fault.KindOf(err) == fault.Forbidden:
		return fault.Wrap(fault.Forbidden, err, "outputDataConfig.s3OutputPath: access to the bucket is denied")
	case err != nil:
		return fault.Wrap(fault.KindOf(err), err, "outputDataConfig.s3OutputPath: the bucket cannot be reached")
	case !there:
		return fault.New(fault.Unprocessable, "outputDataConfig.s3OutputPath: the bucket does not exist")
	}
	return nil
}

// write stores files, the first of them last: who sees the summary finds all it points to. It returns the URI of the first.
func (o *output) write(ctx context.Context, files []insights.File) (string, error) {
	for i := len(files) - 1; i >= 0; i-- {
		if err := blob.Put(ctx, o.objects, o.folder.Join(files[i].Name), files[i].Body); err != nil {
			return "", fault.Wrap(fault.KindOf(err), err, "outputDataConfig.s3OutputPath: the summary could not be stored there")
		}
	}
	if len(files) == 0 {
		return "", fault.New(fault.Internal, "there is no summary")
	}
	return o.folder.Join(files[0].Name).String(), nil
}

// removeTime bounds how long a failed job tries to take back what it stored.
const removeTime = 30 * time.Second

// remove deletes what is in the folder, also when the job was cancelled.
func (o *output) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
	defer cancel()
	for object, err := range o.objects.List(ctx, o.folder) {
		if err == nil {
			err = o.objects.Delete(ctx, object.URI)
		}
		if err != nil && fault.KindOf(err) != fault.NotFound {
			slog.ErrorContext(ctx, "the files of a failed job could not be deleted", "kind", fault.KindOf(err))
			return
		}
	}
}
