package routing

import (
	"context"
	"slices"

	"hotline"
)

// Recover puts an agent back on a board that has lost him: paused with the
// reason recovered, for what he does now is not known, until he says that he is
// ready. One of whom only his leg was found is so after his talk. It is a Conflict
// when he is on the board otherwise, or somebody else at his phone.
func (d *Dispatcher) Recover(ctx context.Context, id hotline.AgentID, phone hotline.PhoneID, skills []hotline.Skill) error {
	return d.act(ctx, func(ctx context.Context) error {
		if a, ok := d.image.Agent(id); ok && a.Found() {
			a.Phone, a.Skills = phone, slices.Clone(skills)
			d.commit(ctx, d.keep(a))
			return nil
		}
		for a := range d.image.Agents() {
			if a.ID == id || a.Phone == phone {
				return hotline.Errorf(hotline.Conflict, "agent %s is signed in at phone %s", a.ID, a.Phone)
			}
		}
		d.turn(ctx, Agent{ID: id, State: Offline, Phone: phone, Skills: slices.Clone(skills)}, Recovered, PauseRecovered)
		return nil
	})
}
