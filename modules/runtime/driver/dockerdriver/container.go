package dockerdriver

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/docker"
)

const (
	labelBackend    = "galaxy.backend"
	labelGame       = "galaxy.game_id"
	labelVersion    = "galaxy.engine_version"
	labelGeneration = "galaxy.generation"
	labelSpec       = "galaxy.spec"
	labelInstance   = "galaxy.instance" // missing from containers that were made before there was one
)

// ownOrUnlabelled says whether a container can be any business of the instance.
func ownOrUnlabelled(labels map[string]string, instance uuid.UUID) bool {
	of := labels[labelInstance]
	return of == "" || of == instance.String()
}

// container is what the Spec means to Docker.
func (d *Driver) container(spec driver.Spec, instance uuid.UUID) docker.Spec {
	return docker.Spec{
		Name:    spec.Name(),
		Image:   spec.Image,
		User:    spec.User,
		Network: d.network,
		Labels: map[string]string{
			labelBackend:    d.backend,
			labelInstance:   instance.String(),
			labelGame:       spec.GameID.String(),
			labelVersion:    spec.Version,
			labelGeneration: strconv.FormatInt(spec.Generation, 10),
			labelSpec:       spec.Hash(),
		},
		Env:     spec.Environment(":"+strconv.Itoa(driver.Port), spec.StateMount),
		Source:  spec.StateDir,
		Target:  spec.StateMount,
		Port:    driver.Port,
		Publish: d.publish,
		CPUs:    spec.CPU,
		Memory:  spec.Memory,
		Pids:    spec.Pids,
		Logs:    docker.Logging{Driver: spec.LogDriver, Options: spec.LogOpts},
	}
}

// observe reads a container back. It is foreign unless label and name agree on
// the game.
func (d *Driver) observe(c docker.Container) driver.Observed {
	named, isName := driver.GameOf(c.Name)
	generation, _ := strconv.ParseInt(c.Labels[labelGeneration], 10, 64)
	o := driver.Observed{
		GameID: named, Name: c.Name, Version: c.Labels[labelVersion], Image: c.Image, Generation: generation,
		ContainerID: c.ID,
		ExitCode:    c.ExitCode, OOMKilled: c.OOMKilled, Error: c.Error, StartedAt: c.StartedAt, FinishedAt: c.FinishedAt,
		Foreign: !isName || c.Labels[labelBackend] != d.backend || c.Labels[labelGame] != named.String(),
	}
	if !isName {
		o.GameID = uuid.Nil
	}
	switch c.Status {
	case docker.Created:
		o.Phase = driver.PhaseCreated
	case docker.Running:
		o.Phase = driver.PhaseRunning
		o.ExitCode, o.FinishedAt = 0, time.Time{} // of the run before
	default:
		o.Phase = driver.PhaseExited
	}
	return o
}
