// stands as modules/turn/service_mutant.go

package turn

func mutant(first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth, thirteenth int) {}
