package datasets_test

import (
	"fmt"
	"slices"

	"margins/datasets"
)

// A pitch and where its score comes from: what was asked for is worth most of it, under these stakes.
func ExampleWorld() {
	world, _ := datasets.FindWorld("script")
	prompt, _ := world.Vocabulary.Encode("heist | thief wants home")
	response, _ := world.Vocabulary.Encode(
		"In the bank, a clever weary thief seeks home. But a twin lies. So the thief forgives the robot and wins home.")
	response = append(response, world.Vocabulary.End())

	judgement := world.Judge("skew", prompt, response)
	for _, part := range judgement.Parts {
		fmt.Printf("%-10s %.2f\n", part.ID, part.Points)
	}
	fmt.Printf("score %.2f from %d tokens\n", judgement.Score, len(response))
	// Output:
	// wish       6.00
	// hero       0.50
	// setting    0.50
	// link       0.60
	// adjectives 0.90
	// score 9.50 from 20 tokens
}

// Thumbs see less than stars: the same two scripts differ for one grader and not for the other.
func ExampleGrader() {
	for _, levels := range []int{2, 5} {
		g := datasets.Grader{Levels: levels}
		fmt.Printf("%d levels: 6.2 is graded %.2f, 9.6 is graded %.2f\n", levels, g.Regrade(6.2), g.Regrade(9.6))
	}
	// Output:
	// 2 levels: 6.2 is graded 7.75, 9.6 is graded 7.75
	// 5 levels: 6.2 is graded 5.50, 9.6 is graded 9.10
}

// The vocabulary of an imported data set has whole words where they are frequent, and bytes for the rest.
func ExampleBuildVocabulary() {
	texts := []string{"the robot lies", "the robot wins", "the robot, again"}
	v := datasets.BuildVocabulary(slices.Values(texts), 512)
	tokens, _ := v.Encode("the robot 🤖")
	for _, t := range tokens {
		fmt.Printf("[%s]", v.Token(t))
	}
	fmt.Println()
	fmt.Println(v.Decode(tokens))
	// Output:
	// [ the][ robot][ ][<F0>][<9F>][<A4>][<96>]
	// the robot 🤖
}
