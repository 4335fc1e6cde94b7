package voice

import (
	"math"
	"testing"
	"time"
)

// The engineers write 12345 and callers hear a row of Chinese digits.
func TestDigitsInTextAreSaidInChinese(t *testing.T) {
	for _, c := range []struct {
		text string
		yao  bool
		want string
	}{
		{"滁州12345热线", true, "滁州幺二三四五热线"},
		{"滁州12345热线", false, "滁州一二三四五热线"},
		{"滁州１２３４５热线", true, "滁州幺二三四五热线"},
		{"请按1", true, "请按一"},
		{"请按0。", true, "请按零。"},
		{"报警请拨110", true, "报警请拨幺幺零"},
		{"1001号话务员", true, "幺零零幺号话务员"},
		{"预计15分钟", true, "预计十五分钟"},
		{"预计2分钟", true, "预计两分钟"},
		{"预计18点恢复", true, "预计十八点恢复"},
		{"2月2日12点", true, "二月二日十二点"},
		{"请输入14位工单号，6位查询码", true, "请输入十四位工单号，六位查询码"},
		{"0点", true, "零点"},
		{"007点", true, "零零七点"},
		{"没有数字", true, "没有数字"},
		{"", true, ""},
	} {
		if got := Spoken(c.text, c.yao); got != c.want {
			t.Errorf("Spoken(%q, %v) = %q, want %q", c.text, c.yao, got, c.want)
		}
	}
}

func TestNumbersAreWrittenAsPeopleSayThem(t *testing.T) {
	for n, want := range map[int]string{
		0: "零", 1: "一", 2: "二", 10: "十", 12: "十二", 20: "二十", 99: "九十九", 100: "一百", 101: "一百零一",
		110: "一百一十", 123: "一百二十三", 1000: "一千", 1001: "一千零一", 1010: "一千零一十", 1100: "一千一百",
		10_000: "一万", 10_001: "一万零一", 10_203: "一万零二百零三", 12_345: "一万二千三百四十五", 100_000: "十万",
		110_010: "十一万零一十", 99_999_999: "九千九百九十九万九千九百九十九", -1: "", 100_000_000: "",
	} {
		if got := Written(n); got != want {
			t.Errorf("Written(%d) = %q, want %q", n, got, want)
		}
	}
}

// A sound from a speech program at 22,050 Hz keeps what a telephone carries
// and loses what would fold back into it.
func TestResamplingKeepsTheTelephoneBandOnly(t *testing.T) {
	for _, from := range []int{11025, 16000, 22050, 24000, 44100, 48000} {
		for _, c := range []struct{ in, least, most float64 }{
			{300, -0.6, 0.1}, {1000, -0.1, 0.1}, {3300, -0.3, 0.1}, {4200, -200, -60}, {5000, -200, -60},
		} {
			got := throughTelephone(c.in, from)
			if got < c.least || got > c.most {
				t.Errorf("%g Hz from %d Hz comes out at %.1f dB, want %g to %g", c.in, from, got, c.least, c.most)
			}
		}
	}
}

// throughTelephone gives the gain in dB of a sine.
func throughTelephone(f float64, rate int) float64 {
	in := make([]int16, rate)
	for i := range in {
		in[i] = int16(16000 * math.Sin(2*math.Pi*f*float64(i)/float64(rate)))
	}
	out := toTelephone(Audio{rate, in})
	middle := out[len(out)/4 : 3*len(out)/4]
	return 20 * math.Log10(max(rms(middle), 1e-9)/(16000/32768.0/math.Sqrt2))
}

// Whatever loudness and silence a sound comes with, it leaves at one loudness,
// with a short breath at its ends, without a click and never clipped.
func TestEverySoundLeavesAtOneLoudness(t *testing.T) {
	for _, amplitude := range []float64{0.01, 0.1, 0.5, 1} {
		in := make([]int16, 22050*3) // a second of silence, a second of swelling tone, a second of silence
		for i := 22050; i < 2*22050; i++ {
			s := float64(i-22050) / 22050
			in[i] = int16(32767 * amplitude * (0.3 + 0.7*math.Abs(math.Sin(9*s))) * math.Sin(2*math.Pi*700*s))
		}
		out, err := finish(Audio{22050, in}, "没有标点")
		if err != nil {
			t.Fatal(err)
		}
		if d := out.Duration(); d < 1050*time.Millisecond || d > 1090*time.Millisecond {
			t.Errorf("amplitude %g: %v long, want one second and 70 ms of breath", amplitude, d)
		}
		level, peak := measure(out)
		if math.Abs(level-speechLevel) > 0.5 || peak > ceiling+0.1 {
			t.Errorf("amplitude %g: %.1f dBFS with peaks at %.1f, want %.0f and at most %.0f", amplitude, level, peak, speechLevel, ceiling)
		}
		if out.Samples[0] != 0 || out.Samples[len(out.Samples)-1] != 0 {
			t.Error("the sound does not begin and end in silence")
		}
	}
	if _, err := finish(Audio{8000, make([]int16, 8000)}, "x"); err == nil {
		t.Error("silence passed as speech")
	}
}

// Peaks far above the rest are held down, without distortion of the rest.
func TestPeaksAreLimited(t *testing.T) {
	x := make([]float64, 8000)
	for i := range x {
		x[i] = 0.1 * math.Sin(2*math.Pi*500*float64(i)/Rate)
		if i/400 == 10 {
			x[i] *= 15
		}
	}
	limit(x, fromDB(ceiling))
	for i, v := range x {
		if math.Abs(v) > fromDB(ceiling)+1e-9 {
			t.Fatalf("sample %d is %.3f", i, v)
		}
	}
	if far := rms(x[:3000]); math.Abs(far-0.1/math.Sqrt2) > 1e-3 {
		t.Errorf("far from the peak the level changed to %.4f", far)
	}
}

// measure gives the speech's level and the highest peak, both in dBFS.
func measure(a Audio) (level, peak float64) {
	x := make([]float64, len(a.Samples))
	for i, s := range a.Samples {
		x[i] = float64(s) / 32768
		peak = max(peak, math.Abs(x[i]))
	}
	return 20 * math.Log10(speechRMS(x)), 20 * math.Log10(peak)
}

func FuzzDecodeWave(f *testing.F) {
	f.Add(encodeWave(Tone(440, 20*time.Millisecond)))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\xff\xff"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVELIST\x01\x00\x00\x00x\x00data\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := decodeWave(b)
		if err == nil && (a.Rate < 8000 || a.Rate > 96000 || 2*len(a.Samples) > len(b)) {
			t.Errorf("%d samples at %d Hz from %d bytes", len(a.Samples), a.Rate, len(b))
		}
	})
}
