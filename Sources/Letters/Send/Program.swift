// A program that is given its input and has so much time.

import Failures
import Subprocess
import SystemPackage

struct Program: Sendable {
    enum Ending: Sendable, Equatable {
        case exited(Int)
        case signaled(Int)
        case late
        case notStarted(String)
    }

    struct Result: Sendable {
        let ending: Ending
        let output: String
        let errors: String
    }

    let path: FilePath
    let arguments: [String]
    let limit: Duration

    private static let outputBytesMax = 1 << 20
    /// No proxy, no settings of a person, no other language.
    private static let environment: [Environment.Key: String] = [
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C", "HOME": "/",
    ]

    func run(_ input: [UInt8]) async -> Result {
        await withTaskGroup(of: Result.self) { group in
            group.addTask { await start(input) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return Result(ending: .late, output: "", errors: "")
            }
            let first = await group.next()
            // Ends the program, and waits until it is gone.
            group.cancelAll()
            return first ?? Result(ending: .late, output: "", errors: "")
        }
    }

    private func start(_ input: [UInt8]) async -> Result {
        do {
            var options = PlatformOptions()
            options.processGroupID = 0
            options.teardownSequence = [
                .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
            ]
            let result = try await Subprocess.run(
                .path(path), arguments: Arguments(arguments),
                environment: .custom(Self.environment), platformOptions: options,
                input: .inputWriter, output: .string(limit: Self.outputBytesMax),
                error: .string(limit: Self.outputBytesMax)
            ) { execution in
                // One that ended without reading it says more by its exit.
                _ = try? await execution.standardInputWriter.write(input)
                try? await execution.standardInputWriter.finish()
            }
            let ending: Ending =
                switch result.terminationStatus {
                case .exited(let code): .exited(Int(code))
                case .signaled(let signal): .signaled(Int(signal))
                }
            return Result(
                ending: ending, output: result.standardOutput,
                errors: result.standardError)
        } catch {
            return Result(
                ending: .notStarted(FaultText.describe(error)), output: "", errors: "")
        }
    }
}
