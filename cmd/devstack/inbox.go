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
	store, err := smtpsink.OpenStore(s.home.path("mail"), 0)
	if err != nil {
		return err
	}
	box := &inbox{web: &http.Server{Handler: store.Handler(), ReadHeaderTimeout: 5 * time.Second}}
	if box.mail, err = smtpsink.Listen(smtpsink.Config{Addr: local(s.cfg.Ports.SMTP), Store: store}); err != nil {
		return err
	}
	s.inbox = box
	s.onStop("inbox", 5*time.Second, box.stop)
	l, err := net.Listen("tcp", local(s.cfg.Ports.Inbox))
	if err != nil {
		return fmt.Errorf("listen for the inbox page: %w", err)
	}
	box.done.Go(func() { _ = box.web.Serve(l) }) // ends with stop
	return nil
}

func (b *inbox) stop(ctx context.Context) error {
	_ = b.web.Close() // a page that waits for mail has nothing to lose
	err := b.mail.Close(ctx)
	b.done.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("a mail session did not end")
	}
	return err
}
