#!/usr/bin/env bash
# Builds call.exe as a .NET developer of old would: Mono's wsdl reads what the running gateway serves.
#
#   make.sh URL FOLDER
#
# The classes of the services that applications host are compiled as well. Those in Visual Basic are
# made and held against the C# ones: Debian has no compiler for them.
set -euo pipefail

url="$1" out="$2" here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mkdir -p "$out"
cd "$out"

# generate NAMESPACE PATH OPTION…: FILE.cs or FILE.vb of the WSDL at PATH.
generate() {
  wsdl -nologo -namespace:"Oig.$1" "${@:3}" "$url$2?wsdl" >"wsdl-$1.log" 2>&1 || { cat "wsdl-$1.log" >&2; return 1; }
  ! grep -iE 'warning|error' "wsdl-$1.log" >&2
}
# together COMMAND…: what was started in the background must all end well.
together() { local job; for job in "$@"; do wait "$job"; done; }

generate Call /mitel/oig/cc/StandardCCService -out:Call.cs & jobs=($!)
generate Session /mitel/oig/session/SessionService -out:Session.cs & jobs+=($!)
generate Data /mitel/oig/da/DataAccessService -out:Data.cs & jobs+=($!)
generate Visual /mitel/oig/cc/StandardCCService -language:VB -out:Visual.vb & jobs+=($!)
for hosted in EventHandlerCCService AdvEventHandlerCCService SessionHAEventHandler; do
  generate "$hosted" "/axis2/services/$hosted" -server -out:"$hosted.cs" & jobs+=($!)
done
together "${jobs[@]}"

methods() { sed -nE "s/$1/\2/p" "$2" | sort; }
methods '^        public ([A-Za-z0-9]+) ([A-Za-z0-9]+)\(\[System\.Xml.*' Call.cs >methods-cs
methods '^( {8}Public Function )([A-Za-z0-9]+)\(<System\.Xml.*' Visual.vb >methods-vb
[ -s methods-cs ] && diff methods-cs methods-vb >&2

mcs -nologo -target:library -reference:System.Web.Services -out:hosted.dll ./*CCService.cs SessionHA*.cs & jobs=($!)
mcs -nologo -out:call.exe -reference:System.Web.Services -reference:System.Web.Extensions \
  Call.cs Session.cs Data.cs "$here"/*.cs & jobs+=($!)
together "${jobs[@]}"
cp "$here/call.exe.config" .
echo "built, $(wc -l <methods-cs) operations of call control in C# and Visual Basic"
