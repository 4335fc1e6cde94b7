package phone

import (
	"fmt"
	"strings"
	"time"

	"github.com/emiago/diago/media"
	"github.com/emiago/diago/media/sdp"
)

// codecsNamed turns names into the offer's codecs, keys (RFC 4733) last. Payload
// types are the static ones of RFC 3551.
func codecsNamed(names []string) ([]media.Codec, error) {
	var codecs []media.Codec
	for _, name := range names {
		c := media.Codec{SampleRate: 8000, SampleDur: 20 * time.Millisecond, NumChannels: 1}
		switch strings.ToUpper(name) {
		case "PCMA":
			c = media.CodecAudioAlaw
		case "PCMU":
			c = media.CodecAudioUlaw
		case "GSM":
			c.Name, c.PayloadType = "GSM", 3
		case "G722":
			c.Name, c.PayloadType = "G722", 9
		case "G729":
			c.Name, c.PayloadType = "G729", 18
		default:
			return nil, fmt.Errorf("codec %q is unknown; PCMA, PCMU, G722, GSM and G729 can be offered", name)
		}
		codecs = append(codecs, c)
	}
	return append(codecs, media.CodecTelephoneEvent8000), nil
}

// agreed is what both sides agreed to speak.
type agreed struct {
	audio   uint8 // payload type we send
	hear    uint8 // payload type we receive
	ulaw    bool
	event   uint8 // payload type of keys we send; 0: none agreed
	hearKey uint8
	spoken  bool // the codec is one we can speak
}

// agreement reads the outcome of the SDP exchange.
func agreement(codecs []media.Codec) agreed {
	var a agreed
	for _, c := range codecs {
		switch {
		case c.Matches(media.CodecTelephoneEvent8000):
			a.event, a.hearKey = c.PayloadType, c.PayloadTypeRecv()
		case a.spoken:
		case c.Matches(media.CodecAudioAlaw), c.Matches(media.CodecAudioUlaw):
			a.audio, a.hear, a.spoken = c.PayloadType, c.PayloadTypeRecv(), true
			a.ulaw = c.Matches(media.CodecAudioUlaw)
		}
	}
	return a
}

// canSpeak tells whether an offer names a codec we speak. An INVITE without an
// offer is left to diago.
func canSpeak(offer []byte) bool {
	if len(offer) == 0 {
		return true
	}
	session := sdp.SessionDescription{}
	if sdp.Unmarshal(offer, &session) != nil {
		return false
	}
	audio, err := session.MediaDescription("audio")
	if err != nil {
		return false
	}
	codecs := make([]media.Codec, len(audio.Formats))
	n, _ := media.CodecsFromSDPRead(audio.Formats, session.Values("a"), codecs)
	return agreement(codecs[:n]).spoken
}
