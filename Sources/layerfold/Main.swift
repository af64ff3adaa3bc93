import ArgumentParser
@main struct Layerfold: ParsableCommand { }
