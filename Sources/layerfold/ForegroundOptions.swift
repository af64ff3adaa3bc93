// Where a job that runs in this process keeps what it knows and leaves what it makes.

import ArgumentParser
import Foundation
import SystemPackage

struct ForegroundOptions: ParsableArguments {
    @Option(help: "Folder of store and index; kept for later runs.")
    var state = "layerfold-state"
    @Option(help: "Folder that receives the results.")
    var output = "layerfold-results"
    @Flag(help: "Print progress (of a plan: the plan) as JSON.")
    var json = false

    func validate() throws {
        for (option, name) in [("--state", state), ("--output", output)] {
            let url = URL(filePath: NamedFile.expanded(name).string).resolvingSymlinksInPath()
            guard [nil, .typeDirectory].contains(NamedFile.kind(of: url)) else {
                throw ValidationError("\(option) \(name): is a file; name a folder")
            }
        }
    }
}
