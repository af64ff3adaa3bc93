import ArgumentParser
struct SubmitCommand: ParsableCommand {}
struct ListCommand: ParsableCommand {}
struct ShowCommand: ParsableCommand {}
struct LogsCommand: ParsableCommand {}
struct WaitCommand: ParsableCommand {}
struct CancelCommand: ParsableCommand {}
struct RetryCommand: ParsableCommand {}
struct StoreCommand: ParsableCommand {}
struct DoctorCommand: ParsableCommand {}
