package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"galaxy/backend/platform/smtpsink"
)

// inbox is the SMTP server and the page that shows what it got.
type inbox struct {
	mail *smtpsink.Server
	web  *http.Server
	done sync.WaitGroup
}

// startInbox keeps mail below the stack's directory.
func (s *stack) startInbox(context.Context) error {
	store, err := smtpsink.OpenStore(s.dir.path("mail"), 0)
	if err != nil {
		return err
	}
	i := &inbox{web: &http.Server{Handler: store.Handler(), ReadHeaderTimeout: 5 * time.Second}}
	if i.mail, err = smtpsink.Listen(smtpsink.Config{Addr: loopback(s.cfg.Ports.SMTP), Store: store}); err != nil {
		return err
	}
	s.inbox = i
	s.onStop("inbox", 5*time.Second, i.stop)
	l, err := net.Listen("tcp", loopback(s.cfg.Ports.Inbox))
	if err != nil {
		return fmt.Errorf("listen for the inbox page: %w", err)
	}
	i.done.Go(func() { _ = i.web.Serve(l) }) // ends with stop
	return nil
}

func (i *inbox) stop(ctx context.Context) error {
	_ = i.web.Close() // a page that waits for mail has nothing to lose
	err := i.mail.Close(ctx)
	i.done.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("a mail session did not end")
	}
	return err
}
