import ArgumentParser
@main struct LayerfoldDaemon: ParsableCommand { }
