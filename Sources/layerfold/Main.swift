// The command line: one file a verb, no logic beyond reading arguments and printing.

import ArgumentParser
import Catalogue
import DurableIO
import Runner
import TensorMath

@main
struct Layerfold: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layerfold",
        abstract: "Make large language models shallower.",
        discussion: """
            Drop a job file into the daemon's inbox (`layerfold submit`), or run it here and now \
            (`layerfold run`). Every verb takes --json. Exit codes: 0 ok, 1 job failed, 2 usage, \
            3 not found, 4 refused, 5 daemon not reachable, 6 integrity errors found, 7 output \
            cannot be written, 130 Ctrl-C, 143 stopped by SIGTERM.
            """,
        version: Product.version,
        subcommands: [WorkerCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Jobs",
                subcommands: [
                    FoldCommand.self, InitCommand.self, RunCommand.self, PlanCommand.self,
                    SubmitCommand.self, ValidateCommand.self, ListCommand.self,
                    ShowCommand.self, LogsCommand.self, WaitCommand.self, CancelCommand.self,
                    RetryCommand.self, RerunCommand.self, HoldCommand.self,
                    ReleaseCommand.self, PriorityCommand.self, RemoveCommand.self,
                    VerifyCommand.self, AuditCommand.self, ExplainCommand.self,
                    ReportCommand.self, CompareCommand.self, DiffCommand.self,
                ]),
            CommandGroup(
                name: "What this build can do",
                subcommands: [
                    MethodsCommand.self, QuantizationsCommand.self, TasksCommand.self,
                    ArchitecturesCommand.self,
                ]),
            CommandGroup(
                name: "Models",
                subcommands: [
                    InspectCommand.self, GenerateCommand.self, ForwardCommand.self,
                    ExportCommand.self,
                    TokenizeCommand.self, EvalCommand.self,
                ]),
            CommandGroup(
                name: "Care",
                subcommands: [
                    StoreCommand.self, DoctorCommand.self, TokenCommand.self, NotifyCommand.self,
                    ClusterCommand.self,
                ]),
        ])

    /// Before any verb runs: the process may restart itself once for better BLAS kernels.
    static func main() {
        Descriptors.secure()
        LibraryEnvironment.prepare()
        Allocator.returnFreedMemory()
        LostPages.install(.end, status: ExitStatus.refused.rawValue)
        Failure.exiting { try parse() }
    }

    private static func parse() throws {
        var command = try parseAsRoot()
        if let computing = type(of: command) as? any ComputingCommand.Type {
            try computing.settleAlgebra()
        }
        try command.run()
    }
}
