// Runs a command of the queue to its end, within a time and with an answer that cannot fill
// memory. No shell sees its words.

package import Jobs
import Subprocess
import SystemPackage

package struct CommandRunner: QueueAsking {
    private let commands: ClusterSettings.Commands
    /// A queue that is busy answers late; one that is gone does not.
    private let timeLimit: Duration
    private static let outputBytesMax = 16_777_216
    private static let errorBytesMax = 65_536
    /// A command that was told to end has nothing to lose.
    private static let grace = Duration.seconds(2)

    package init(_ commands: ClusterSettings.Commands, timeLimit: Duration = .seconds(120)) {
        self.commands = commands
        self.timeLimit = timeLimit
    }

    @concurrent
    package func ask(_ command: QueueCommand) async -> CommandReply {
        await run(command.words(commands), input: command.input)
    }

    private func run(_ words: [String], input: String) async -> CommandReply {
        let task = Task { () -> CommandReply in
            do {
                return try await Self.run(words, input: input)
            } catch let error as SubprocessError where !Task.isCancelled {
                // Only what was not found, or may not be run, is known not to have run.
                return CommandReply(
                    code: nil, errors: "`\(words[0])`: \(error)",
                    wasRun: error.code != .executableNotFound)
            } catch {
                return CommandReply(code: nil, errors: "`\(words[0])` gave no answer: \(error)")
            }
        }
        let alarm = Task { [timeLimit] in
            do { try await Task.sleep(for: timeLimit) } catch { return }
            task.cancel()
        }
        defer { alarm.cancel() }
        return await task.value
    }

    private static func run(_ words: [String], input: String) async throws -> CommandReply {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: grace)]
        let program: Executable =
            words[0].contains("/") ? .path(FilePath(words[0])) : .name(words[0])
        let arguments = Arguments(Array(words.dropFirst()))
        if input.isEmpty {
            // Who reads no input must not be waited for with some.
            let result = try await Subprocess.run(
                program, arguments: arguments, platformOptions: options, input: .none,
                output: .string(limit: outputBytesMax), error: .string(limit: errorBytesMax))
            return CommandReply(
                code: code(result.terminationStatus), output: result.standardOutput,
                errors: result.standardError)
        }
        let result = try await Subprocess.run(
            program, arguments: arguments, platformOptions: options, input: .string(input),
            output: .string(limit: outputBytesMax), error: .string(limit: errorBytesMax))
        return CommandReply(
            code: code(result.terminationStatus), output: result.standardOutput,
            errors: result.standardError)
    }

    private static func code(_ status: TerminationStatus) -> Int? {
        switch status {
        case .exited(let code): Int(code)
        case .signaled: nil
        }
    }
}
