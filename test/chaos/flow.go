package chaos

import (
	"time"

	"hotline"
	"hotline/ivr"
)

// The flow's prompts; each is a chord of its own, 50 ms for each letter.
const (
	menuPrompt  = "press-a-key-please" // 0.9 s
	waitPrompt  = "wait"
	sorryPrompt = "sorry"
)

// queueKey leads from the menu to the queue.
const queueKey = "2"

// flow is a menu, then one queue of equal priority. The menu has all the time of
// the world: nobody gets into the queue without having asked. Nothing is said in a
// talk, so that no pause in it is meant.
func flow() *ivr.Flow {
	return &ivr.Flow{
		Name: "chaos", Hash: "chaos", Begin: "menu", Keyed: "queue", Sorry: "sorry",
		Places: map[hotline.HotlineKey]ivr.Place{"": {Queue: "general"}},
		Steps: map[string]ivr.Step{
			"menu": ivr.MenuStep{Say: []string{menuPrompt}, Wait: time.Hour, Tries: 9, Silence: ivr.Choice{Next: "queue"},
				Choices: map[string]ivr.Choice{queueKey: {Next: "queue"}}},
			"queue":   ivr.QueueStep{Say: []string{waitPrompt}, Answered: "talk", Position: "before", Unit: "people", Every: 10 * time.Second},
			"talk":    ivr.TalkStep{Next: "goodbye", Queue: "queue"},
			"goodbye": ivr.SayStep{Say: []string{"goodbye"}, Next: "end", Farewell: true},
			"sorry":   ivr.SayStep{Say: []string{sorryPrompt}, Next: "queue"},
			"end":     ivr.EndStep{},
		},
	}
}

// straight leads to the queue at once, for callers who press nothing.
func straight() *ivr.Flow {
	f := flow()
	f.Name, f.Hash, f.Begin = "straight", "straight", "queue"
	return f
}
