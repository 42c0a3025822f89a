import Application
import FoundationEssentials
import Glibc
import HTTPTransport
import LambdaRuntime
import Support

// The program that AWS Lambda starts: reads the settings, says what is wrong with them, or loops over events.

let environment = ProcessInfo.processInfo.environment
