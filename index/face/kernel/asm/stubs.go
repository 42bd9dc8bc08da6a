package main
func flats(a *asm){}
func gemms(a *asm){}
